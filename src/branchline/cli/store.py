"""`branchline store push|pull [RUN]`: outputs to where others can have them, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE, StoreError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.core.plan.values import Produced, Result
    from branchline.core.values import JsonValue
    from branchline.flows.fetching import Pulled
    from branchline.flows.project import Project
    from branchline.ports.store import Sent


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "verb",
        choices=("push", "pull"),
        help="push: send outputs to the remote of the store; pull: bring them from there to their"
        " place in the working tree",
    )
    parser.add_argument(
        "run",
        nargs="?",
        default="",
        metavar="RUN",
        help="of one run, or of the newest of a commit or branch; else what is up to date now",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="PATH", help="pull this output; repeatable"
    )
    parser.add_argument(
        "--force", action="store_true", help="pull over files that are kept nowhere else, too"
    )
    parser.add_argument("--model", metavar="NAME", help="which model, where there are several")
    parser.add_argument("--json", action="store_true", help="print what went where as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Send or bring, and say what went where."""
    from branchline import wiring

    if options.verb == "push" and (options.only or options.force):
        given = "--only" if options.only else "--force"
        raise UsageError(f"branchline store push has no {given}", todo=f"Leave {given} out.")
    with wiring.open_project(model=options.model or _model_of(options.run)) as project:
        results = _results(project, options.run)
        if options.verb == "pull":
            return _pull(project, results, options, console)
        return _push(project, results, options, console)


def _model_of(run: str) -> str | None:
    """The model of a run, where that is what is named; None where it has to be asked for."""
    from branchline import wiring
    from branchline.flows.history import History

    known = wiring.declared_models()
    if not run or len(known) < 2:
        return None
    with wiring.open_project(model="") as project:
        if run not in project.records.run_ids():
            return None
        model = History(project.records, project.repo).find(run).model
    return model if model in known else None


def _push(
    project: Project, results: Sequence[Result], options: argparse.Namespace, console: Console
) -> int:
    from branchline.flows.sending import push

    to, sent = push(project, results)
    if options.json:
        console.json(sent_to_json(to, sent))
        return EXIT_FINE
    number = sent.objects
    objects = "1 object" if number == 1 else f"{number} objects"
    if not results:
        console.write("There is nothing to send: no stage is up to date. `branchline run` first.")
    elif number:
        console.write(f"Sent {objects} ({sent.size_bytes / 1e6:.1f} MB) to {to}.")
    else:
        console.write(f"All outputs are in {to} already.")
    return EXIT_FINE


def _pull(
    project: Project, results: Sequence[Result], options: argparse.Namespace, console: Console
) -> int:
    from branchline.flows.fetching import Brought, pull
    from branchline.render.table import visible

    if not results:
        raise StoreError(
            "there is nothing to bring: no stage is up to date here, so no output is known",
            todo="Name a run, a commit or a branch: `branchline store pull RUN` (`branchline runs`"
            " lists them, `branchline records fetch` brings those of others).",
        )

    def say(number: int, of: int, out: Produced) -> None:
        if console.is_terminal and not options.json:
            console.note(f"{number} of {of}: {visible(out.path)}{_size(out)}")

    pulled = pull(project, results, only=options.only, is_forced=options.force, on_out=say)
    if options.json:
        console.json(pulled_to_json(pulled))
        return EXIT_FINE
    words = {Brought.FETCHED: "Fetched", Brought.RESTORED: "Restored"}
    for one in pulled:
        if one.how in words:
            console.write(f"{words[one.how]} {visible(one.out.path)}{_size(one.out)}.")
    stood = sum(one.how is Brought.STOOD for one in pulled)
    if stood == len(pulled):
        console.write("All outputs stand in their place already.")
    elif stood:
        console.write(f"{stood} of {len(pulled)} outputs stood in their place already.")
    return EXIT_FINE


def _size(out: Produced) -> str:
    size = out.content.size_bytes
    return f" ({size / 1e6:.1f} MB)" if size is not None else ""


def _results(project: Project, run: str) -> Sequence[Result]:
    """Results of a run, or those that a plan would reuse now."""
    if run:
        from branchline import wiring
        from branchline.flows.apply_run import results_of_run
        from branchline.flows.history import History

        known, own = wiring.declared_models(), project.policy.model
        # A model that was renamed is asked for by its runs of before.
        model = own if len(known) > 1 else ""
        view = History(project.records, project.repo).find(run, model=model)
        if view.model != own and view.model in known:
            raise UsageError(
                f"run {view.run} is of the model {view.model}, and not {own}",
                todo=f"Leave --model out, or name a run of {own}: `branchline runs` lists them.",
            )
        return results_of_run(project, view)
    from branchline.flows.plan import Planner, PlanOptions

    plan = Planner(project, PlanOptions()).plan()
    return [entry.result for entry in plan.stages if entry.result is not None]


def sent_to_json(to: str, sent: Sent) -> dict[str, JsonValue]:
    """What was sent as plain values; the shape stands in docs/reference."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "to": to,
        "objects": sent.objects,
        "size_bytes": sent.size_bytes,
    }


def pulled_to_json(pulled: Sequence[Pulled]) -> dict[str, JsonValue]:
    """What was brought as plain values; the shape stands in docs/reference."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "outputs": [
            {
                "path": one.out.path,
                "md5": one.out.content.md5,
                "size_bytes": one.out.content.size_bytes,
                "how": one.how.value,
            }
            for one in pulled
        ],
    }
