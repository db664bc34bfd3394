"""What `branchline run` says at its end, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.log_text import log_tail
from branchline.cli.progress import duration_to_text
from branchline.core.run import Failure
from branchline.core.values import SCHEMA_VERSION, Outcome
from branchline.render.findings import finding_lines
from branchline.render.table import Tone, cell, line, visible

if TYPE_CHECKING:
    from branchline.cli.console import Console
    from branchline.core.pipeline import Stage
    from branchline.core.values import JsonValue
    from branchline.flows.finish import Finished
    from branchline.flows.run import RunOutcome

_TONES = {
    Outcome.PASSED: Tone.GOOD,
    Outcome.FAILED: Tone.BAD,
    Outcome.UNKNOWN: Tone.UNSURE,
}


def show_outcome(outcome: RunOutcome, console: Console) -> None:
    """Print what was done, the findings, the verdict, and what to type next."""
    for stage in outcome.recovered:
        console.note(f"note: {stage} had ended before the last run was killed; its result was kept")
    for note in outcome.walked.notes:
        console.note(f"note: {note}")
    if outcome.walked.is_cancelled:
        _show_failures(outcome, console)
        console.write("Cancelled. What had ended is kept: `branchline run` goes on from there.")
        return
    if outcome.walked.failures:
        _show_failures(outcome, console)
        return
    if outcome.finished is not None:
        _show_data(outcome.finished, console)
        _show_work(outcome, console)
        _show_verdict(outcome, outcome.finished, console)
        if outcome.to_commit:
            from shlex import quote

            console.write(f"To commit with it: git add {' '.join(map(quote, outcome.to_commit))}")
            judged = outcome.finished.verdict
            if (
                outcome.finished.evidence.is_dirty
                and judged.findings
                and judged.outcome is Outcome.PASSED
            ):
                console.write(
                    "Then `branchline run` again: it trains nothing, and later runs are compared"
                    " with the run of a commit."
                )


def _show_failures(outcome: RunOutcome, console: Console) -> None:
    declared = {stage.address: stage for stage in outcome.planner.stages}
    for stage, ended in outcome.walked.failures.items():
        console.line(line(cell("failed", Tone.BAD), f" {stage}: {ended.detail}"))
        tail = log_tail(ended.log) if ended.log else []
        for text in tail:
            console.line(line(cell("  | ", Tone.DIM), text))
        if tail:
            console.line(line(f"  the whole log: branchline logs {stage}"))
        todo = _todo(ended.failure, declared.get(stage))
        if todo:
            console.line(line(f"  {todo}"))
    done = len(outcome.walked.ran)
    if done and not outcome.walked.is_cancelled:
        kept = "stage that ended well is" if done == 1 else f"{done} stages that ended well are"
        console.write(f"The {kept} kept: after mending, `branchline run` goes on from there.")


def _todo(failure: Failure | None, stage: Stage | None) -> str:
    """What helps against a failure that the log does not explain; "" where it does."""
    if stage is None:
        return ""
    where = f"{stage.file}:{stage.line}"
    if failure is Failure.MISSING_OUTPUT:
        short = (
            " (`train: COMMAND` alone promises metrics.json and model)"
            if stage.file == "branchline.yaml"
            else ""
        )
        return (
            f"{where}: name under `outs` and `metrics` what the command does write{short},"
            " or mend the command."
        )
    if failure is Failure.INPUT_CHANGED:
        return (
            f"{where}: a stage may not write what it reads. A file that it writes stands under"
            " `outs`: `PATH: {cache: false}` where git holds it, and `persist: true` where it is"
            " added to. If you edited the file meanwhile, type `branchline run` again."
        )
    return ""


def _show_data(finished: Finished, console: Console) -> None:
    """What was found in the data, if they were checked."""
    if finished.evidence.data_checks:
        from branchline.render.data_checks import data_lines

        console.write("Data:")
        console.lines(data_lines(finished.evidence.data_checks))


def _show_work(outcome: RunOutcome, console: Console) -> None:
    if outcome.walked.blocked and not outcome.walked.ran:
        console.write("Nothing ran: mend the data, or the rules, and type `branchline run` again.")
        return
    tests = {stage.address for stage in outcome.planner.stages if stage.is_test}
    total = len(outcome.plan.stages) - len(tests)
    ran = sum(stage not in tests for stage in outcome.walked.ran)
    tried = len(outcome.walked.tests)
    took = duration_to_text(outcome.duration_s)
    if ran or tried:
        reused = total - ran
        rest = f", {reused} reused" if reused else ""
        also = f"; {tried} {'test' if tried == 1 else 'tests'} ran" if tried else ""
        if outcome.walked.blocked:
            rest = ", then the data were bad: what comes after them did not run"
        console.write(f"{ran} {'stage' if ran == 1 else 'stages'} ran{rest}{also}, in {took}.")
        return
    is_whole = total == len(outcome.planner.project.pipeline.stages)
    asked = "every stage" if is_whole else f"every stage asked for ({total})"
    console.write(f"Nothing to run: {asked} has its result.")
    if any(entry.restore for entry in outcome.plan.stages):
        return  # the table above has said why
    for entry in outcome.plan.stages:
        if entry.reason != "nothing changed":
            console.line(line("  ", cell(entry.stage, Tone.STRONG), f": {entry.reason}"))


def _show_verdict(outcome: RunOutcome, finished: Finished, console: Console) -> None:
    verdict = finished.verdict
    for shown in finding_lines([found for found in verdict.findings if not found.is_of_data]):
        tone = Tone.DIM if shown.outcome is None else _TONES[shown.outcome]
        console.line(line("  ", cell(shown.word, tone), f" {shown.sentence}"))
    if finished.evidence.tests:
        from branchline.render.model_tests import failed_case_lines

        console.lines(failed_case_lines(finished.evidence.tests))
    if verdict.findings:
        console.line(line("Verdict: ", cell(verdict.summary, _TONES[verdict.outcome])))
        _show_what_follows(outcome, console)
    else:
        console.write("No verdict: branchline.yaml has no `gate`, so nothing was judged.")
        for remark in verdict.remarks:
            console.note(f"note: {visible(remark)}")
    verb = "Recorded as" if finished.is_new else "Recorded before as"
    dirty = ", from uncommitted changes" if finished.evidence.is_dirty else ""
    console.write(f"{verb} run {finished.record}{dirty}.")


def _show_what_follows(outcome: RunOutcome, console: Console) -> None:
    """Remarks, and what becomes of a verdict that chance leaves open."""
    finished = outcome.finished
    if finished is None:
        return
    for remark in finished.verdict.remarks:
        console.note(f"note: {visible(remark)}")
    if not finished.verdict.is_inconclusive or finished.verdict.outcome is not Outcome.UNKNOWN:
        return
    if finished.is_approved:
        console.write("A person approved it: it goes on.")
    elif not outcome.goes_on:
        console.write(f"To let it pass: `branchline approve {finished.record}`.")


def outcome_to_json(outcome: RunOutcome) -> dict[str, JsonValue]:
    """What was done as plain values; the shape stands in docs/reference."""
    from branchline.core.evidence.evidence_json import evidence_to_json
    from branchline.core.plan.plan_json import plan_to_json
    from branchline.core.verdict.verdict_json import verdict_to_json

    walked, finished = outcome.walked, outcome.finished
    return {
        "schema_version": SCHEMA_VERSION,
        "run": finished.record if finished else None,
        "is_new": finished.is_new if finished else None,
        "is_cancelled": walked.is_cancelled,
        "duration_s": round(outcome.duration_s, 3),
        "states": {stage: state.value for stage, state in walked.states.items()},
        "ran": list(walked.ran),
        "recovered": list(outcome.recovered),
        "failures": {
            stage: {
                "failure": ended.failure.value if ended.failure else None,
                "detail": ended.detail,
                "exit_code": ended.exit_code,
                "log": ended.log,
            }
            for stage, ended in walked.failures.items()
        },
        "plan": plan_to_json(outcome.plan),
        "evidence": evidence_to_json(finished.evidence) if finished else None,
        "verdict": verdict_to_json(finished.verdict) if finished else None,
        "notes": list(walked.notes),
    }
