"""What `branchline env` prints: what is used and why, what was tried; as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.console import error_to_json
from branchline.core.values import SCHEMA_VERSION
from branchline.render.table import Column, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.environment.failures import Diagnosis
    from branchline.core.environment.values import Hint, Package
    from branchline.core.values import JsonValue
    from branchline.flows.environments.shown import Shown
    from branchline.flows.repairing.repair import Attempt, Repair
    from branchline.render.table import Line

_MOST_HINTS = 6


def shown_lines(shown: Shown) -> tuple[Line, ...]:
    """What is used here, what the project wants, and why; the packages are a table."""
    question = shown.question
    if shown.is_made:
        used = line(
            "Stages run in ", cell("an environment that Branchline makes", Tone.STRONG), "."
        )
    else:
        used = line(
            "Stages run in ",
            cell(f"your own Python {shown.own_python}", Tone.STRONG),
            "; with `environment: {make: always}` they would run in this:",
        )
    hint = question.hint
    why = _hint_text(hint) if hint else "no file says which; by the day, and by what is here"
    lines = [used, line("  python    ", question.python.version, "  ", cell(why, Tone.DIM))]
    others = [item for item in question.hints if item != hint]
    lines += [
        line("            also says ", cell(_hint_text(item), Tone.DIM))
        for item in others[:_MOST_HINTS]
    ]
    lines.append(line("            at ", question.python.path))
    lines.append(line("  packages  ", question.file or "no file says which", f" ({question.form})"))
    if question.as_of or question.why_as_of:
        lines.append(
            line("  as of     ", question.as_of or "-", "  ", cell(question.why_as_of, Tone.DIM))
        )
    if shown.folder:
        state = "is there" if shown.is_there else "made when it is first needed"
        lines.append(line("  folder    ", shown.folder, f" ({state})"))
    if shown.digest:
        lines.append(line("  digest    ", shown.digest[:12]))
    lines += [line("  note      ", cell(note, Tone.UNSURE)) for note in question.notes]
    if shown.packages is None and shown.problem is None:
        lines.append(line("Type `branchline env show --made` to have the packages looked for."))
    return tuple(lines)


def _hint_text(hint: Hint) -> str:
    return f"{hint.file}:{hint.line}: {hint.quote}"


def packages_table(packages: Sequence[Package]) -> Table:
    """Packages and versions."""
    return Table(
        columns=(Column(heading="package"), Column(heading="version"), Column(heading="from")),
        rows=tuple(
            (cell(p.name), cell(p.version), cell(p.source or _digests(p), Tone.DIM))
            for p in packages
        ),
    )


def _digests(package: Package) -> str:
    count = len(package.hashes)
    return f"{count} file{'' if count == 1 else 's'} by digest" if count else "not by digest"


def shown_to_json(shown: Shown) -> dict[str, JsonValue]:
    """`branchline env show --json`."""
    question = shown.question
    packages = shown.packages
    return {
        "schema_version": SCHEMA_VERSION,
        "is_made": shown.is_made,
        "own_python": shown.own_python,
        "python": {
            "version": question.python.version,
            "path": question.python.path,
            "hint": _hint_json(question.hint) if question.hint else None,
        },
        "hints": [_hint_json(hint) for hint in question.hints],
        "file": question.file,
        "form": question.form,
        "as_of": question.as_of,
        "why_as_of": question.why_as_of,
        "packages": None if packages is None else [_package_json(item) for item in packages],
        "digest": shown.digest,
        "folder": shown.folder,
        "is_there": shown.is_there,
        "notes": list(question.notes),
        "problem": error_to_json(shown.problem)["error"] if shown.problem else None,
    }


def _hint_json(hint: Hint) -> dict[str, JsonValue]:
    return {
        "file": hint.file,
        "line": hint.line,
        "quote": hint.quote,
        "says": list(hint.says),
        "strength": hint.strength.value,
    }


def _package_json(package: Package) -> dict[str, JsonValue]:
    return {
        "name": package.name,
        "version": package.version,
        "source": package.source,
        "marker": package.marker,
        "hashes": list(package.hashes),
    }


# Repair


def attempt_lines(number: int, attempt: Attempt) -> tuple[Line, ...]:
    """What was tried, and how it ended."""
    packages = "1 package" if attempt.packages == 1 else f"{attempt.packages} packages"
    count = f", {packages}" if attempt.packages else ""
    python = f"Python {attempt.python}" if attempt.python else "no interpreter"
    lines = [line(cell(f"{number}. ", Tone.DIM), f"{python}{count}; {attempt.idea.sentence()}")]
    diagnosis = attempt.tried.diagnosis
    if diagnosis is None:
        lasted = f"{attempt.tried.ran_s:.1f} s"
        said = f"ran for {lasted} without failing, and was stopped at the limit"
        lines.append(
            line("   ", cell(said if attempt.tried.is_cut else f"ran, in {lasted}", Tone.GOOD))
        )
        return tuple(lines)
    lines.append(line("   ", cell(_placed(diagnosis), Tone.BAD)))
    if diagnosis.quote and diagnosis.quote not in diagnosis.sentence:
        lines.append(line("   ", cell(diagnosis.quote, Tone.DIM)))
    return tuple(lines)


def _placed(diagnosis: Diagnosis) -> str:
    place = f" ({diagnosis.place})" if diagnosis.place else ""
    return f"{diagnosis.sentence}{place}"


def diff_lines(done: Repair) -> tuple[Line, ...]:
    """What would be written, against what stands there."""
    import difflib

    before, after = done.before.splitlines(), done.text.splitlines()
    names = (done.file if before else "/dev/null", done.file)
    tones = {"+": Tone.GOOD, "-": Tone.BAD}
    found = difflib.unified_diff(before, after, *names, lineterm="")
    return tuple(line(cell(text, tones.get(text[:1], Tone.PLAIN))) for text in found)


def repair_to_json(done: Repair, *, is_written: bool) -> dict[str, JsonValue]:
    """`branchline env repair --json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "is_needed": done.is_needed,
        "is_found": done.is_found,
        "is_written": is_written,
        "file": done.file,
        "text": done.text,
        "attempts": [_attempt_json(attempt) for attempt in done.attempts],
    }


def _attempt_json(attempt: Attempt) -> dict[str, JsonValue]:
    idea, diagnosis = attempt.idea, attempt.tried.diagnosis
    failure: JsonValue = None
    if diagnosis is not None:
        failure = {
            "kind": diagnosis.kind.value,
            "sentence": diagnosis.sentence,
            "quote": diagnosis.quote,
            "place": diagnosis.place,
        }
    return {
        "python": attempt.python,
        "as_of": idea.as_of,
        "wishes": list(idea.wishes),
        "constraints": list(idea.constraints),
        "overrides": list(idea.overrides),
        "built_only": list(idea.no_build),
        "packages": attempt.packages,
        "ran_s": attempt.tried.ran_s,
        "is_cut": attempt.tried.is_cut,
        "failure": failure,
    }
