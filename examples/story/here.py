"""Chapter one of the demo: the walk on your own machine, no box yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from story.telling import Story


def first_run(story: Story) -> None:
    story.heading(
        "The first run",
        """A project as many have it: four scripts, a dvc.yaml that says what reads and writes what,
        a params.yaml. branchline.yaml names the model and the bars that it must clear. Nothing is
        known about this code yet, so all four stages run; then the model is judged, and both are
        recorded in git (in refs of their own: no commit, no branch).""",
    )
    story.commit("A forest on ten measurements")
    story.command("branchline", "run")
    story.scripts("prepare", "featurize", "train", "evaluate")
    story.commit("Results of the forest")


def nothing_to_do(story: Story) -> None:
    story.heading(
        "Once more: nothing to do",
        """Branchline decides by content. Nothing on which a stage depends is different, so nothing
        runs; looking takes a blink.""",
    )
    story.command("branchline", "run")
    story.scripts()


def comment_only(story: Story) -> None:
    story.heading(
        "A comment",
        """src/tumour/estimators.py is imported by the training script and listed nowhere;
        Branchline followed the import. Now its bytes change, its meaning does not: nothing
        would train.""",
    )
    story.edit(
        "src/tumour/estimators.py",
        ('    if kind == "forest":', '    # Robust, needs no scaling.\n    if kind == "forest":'),
    )
    story.command("branchline", "plan")
    story.commit("Say why there is a forest")
    story.scripts()


def parameter(story: Story) -> None:
    story.heading(
        "A parameter",
        """Deeper trees. `prepare` and `featurize` do not read this parameter: only `train` runs,
        and `evaluate` after it; `plan` says so beforehand. `branchline why train` would explain
        one stage in full. The run leaves predictions, so the two models are compared on the same
        patients, and the verdict says how far chance alone could have moved the number.""",
    )
    story.edit("params.yaml", ("depth: 3", "depth: 4"))
    stages = story.ask("plan").get("stages", ())
    pending = [s["stage"] for s in stages if s["action"] in ("run", "may_run")]
    story.check(pending == ["train", "evaluate"], f"pending: {pending}")
    story.command("branchline", "plan")
    story.commit("Deeper trees")
    story.command("branchline", "run")
    story.scripts("train", "evaluate")
    story.commit("Results of deeper trees")


STEPS = (first_run, nothing_to_do, comment_only, parameter)
