"""Chapter two of the demo: push to train, from the first push to a refused model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from story.telling import Story

MODEL = "tumour-classifier"
FILE = "models/model.joblib"


def first_push(story: Story) -> None:
    story.heading(
        "A box, and the first push",
        """A box is a bare git repository that trains what is pushed to it, on this machine or on
        a larger one (then the path is ann@gpu-server:box.git). Nothing has to be started: a push
        wakes the box, and what it does streams into the terminal of whoever pushed. It trusts its
        own results only, so it trains `main` once; `main` also registers what passes.""",
    )
    story.command("branchline", "remote", "add", "box", "../box.git")
    settings = story.box / "branchline" / "box.json"
    text = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps({**text, "environments": "off"}, indent=2), encoding="utf-8")
    print()
    story.say(
        """(A box makes an environment of requirements.txt, once for each version of that file. This
        one uses the demo's own Python, so that you need not wait for an installation:
        `"environments": "off"` in box.git/branchline/box.json.)"""
    )
    story.command("git", "push", "box", "main")
    story.scripts("prepare", "featurize", "train", "evaluate")
    story.until("the first version", "models", holds="versions=1")
    story.command("branchline", "models")


def tuning(story: Story) -> None:
    story.heading(
        "Push to tune",
        """What a push does follows from the name of the branch. On `tuning/...` the box searches
        the space that branchline.yaml gives, here a grid of four. The stages that a parameter does
        not touch are kept, and so is the trial whose values `main` has trained already.""",
    )
    story.command("sed", "-n", "/^tune:/,$p", "branchline.yaml")
    story.command("git", "push", "box", "main:tuning/forest")
    story.trained(story.job()["job"], *["train", "evaluate"] * 3)


def pull_request(story: Story) -> None:
    story.heading(
        "The training pull request",
        """The box wrote the best values into params.yaml, on a branch of its own, and asks for a
        review. Nothing trains until somebody approves it.""",
    )
    story.until("the pull request", "pr", "list", holds="pulls=1")
    story.command("branchline", "pr", "list")
    story.command("branchline", "pr", "show", "1")
    pull = story.ask("pr", "show", "1")
    changed = {(change["file"], change["name"]): change["new"] for change in pull["parameters"]}
    depth = changed.get(("params.yaml", "train.forest.depth"))
    story.check(depth == "5", f"the pull request changes {changed}")


def approve(story: Story) -> None:
    story.heading(
        "Approve",
        """Approving it starts the training with exactly these parameters; the search is skipped.
        The best trial was this very training (same code, data and parameters), so its result is
        taken and not made a second time. The model is judged against the one that holds
        `staging`.""",
    )
    story.command("branchline", "pr", "approve", "1")
    job = story.job()
    story.command("branchline", "logs", "--job", str(job["job"]), "-f")
    story.scripts()
    ended = story.job()
    story.check(ended["outcome"] == "passed", f"the training was {ended['outcome']}")


def merge(story: Story) -> None:
    story.heading(
        "Merge: nothing trains, the reviewed model is registered",
        """The merge gives `main` a new commit with content that is known. So nothing trains, and
        the version that is registered is the model that was reviewed, byte for byte: below, the
        file of the pull request's run and that of the merge.""",
    )
    reviewed = str(story.job()["run"])
    story.command("branchline", "pr", "merge", "1")
    story.command("branchline", "logs", "--job", str(story.job()["job"]), "-f")
    story.scripts()
    story.until("the second version", "models", holds="versions=2")
    story.command("branchline", "models")
    merged = str(story.job()["run"])
    files = [f"../box.git/branchline/artifacts/{run}/{FILE}" for run in (reviewed, merged)]
    story.command("git", "hash-object", *files)
    digests = {story.git("hash-object", file) for file in files}
    story.check(len(digests) == 1, f"the registered model is not the reviewed one: {digests}")
    story.command("branchline", "registry", "verify", MODEL)


def comment_only_push(story: Story) -> None:
    story.heading(
        "A push that changes only a comment",
        """Fetch the merge, say more in a comment, push to `main`. It is decided, judged and on
        record, and neither trains nor makes another version.""",
    )
    story.command("git", "pull", "-q", "box", "main")
    story.edit("src/tumour/estimators.py", ("Robust, needs", "Robust, fast, needs"))
    story.commit("Say more about the forest")
    story.command("git", "push", "box", "main")
    story.scripts()
    versions = story.ask("models")["versions"]
    story.check(len(versions) == 2, f"{len(versions)} versions, expected 2")


def worse_model(story: Story) -> None:
    story.heading(
        "A worse model",
        """Two trees with one question each train faster. A branch of any other name trains when
        there is a pull request for it. The run succeeds; the gate does not let the model pass, and
        the merge is refused, with the bars that it missed.""",
    )
    story.command("git", "switch", "-q", "-c", "quicker")
    story.edit("params.yaml", ("trees: 40", "trees: 2"), ("depth: 5", "depth: 1"))
    story.commit("Train faster")
    story.command("git", "push", "box", "quicker")
    story.command("branchline", "pr", "create", "--title", "Train faster")
    story.command("branchline", "logs", "--job", str(story.job()["job"]), "-f")
    story.scripts("train", "evaluate")
    story.check(story.job()["outcome"] == "failed", "the worse model is not worse")
    story.command("branchline", "pr", "merge", "2", expect=1)


def force_push(story: Story) -> None:
    story.heading(
        "A force-push",
        """The commit is rewritten: more trees instead of fewer. History does not matter, content
        does: the search has tried these values, so nothing trains, and the pull request may now be
        merged.""",
    )
    story.edit("params.yaml", ("trees: 2\n", "trees: 80\n"), ("depth: 1", "depth: 5"))
    story.commit("More trees", "--amend")
    story.command("git", "push", "--force", "box", "quicker")
    story.scripts()
    story.check(story.job()["outcome"] == "passed", "the rewritten commit did not pass")
    story.command("branchline", "pr", "list")


STEPS = (
    first_push,
    tuning,
    pull_request,
    approve,
    merge,
    comment_only_push,
    worse_model,
    force_push,
)
