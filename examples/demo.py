"""The whole story on one machine, told with the real commands: `make demo`, or run this file.

Copies examples/tumour-classifier into a scratch git repository, commits, and walks: first run,
nothing to do, a comment, a parameter, a worse model, going back, a better model, looking back.
Each step also checks what happened; the exit code is 1 when a step did not behave as told.
Needs the standard library, git, Branchline and the example's requirements.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent / "tumour-classifier"
SOURCE = Path(__file__).resolve().parent.parent / "src"
WIDTH = 88

# `python` as the stages call it: this interpreter, and a note of every script that was started.
PYTHON = """#!/bin/sh
case "$1" in src/*) echo "$1" >> {log} ;; esac
exec {python} "$@"
"""
BRANCHLINE = """#!/bin/sh
{path}exec {python} -m branchline "$@"
"""


@dataclass
class Story:
    """The scratch repository and what was seen so far."""

    root: Path
    colour: bool
    began: float = field(default_factory=time.monotonic)
    wrong: list[str] = field(default_factory=list)

    @property
    def bin(self) -> Path:
        """Folder with the two commands."""
        return self.root.parent / "bin"

    @property
    def started(self) -> Path:
        """Note of the scripts that were started."""
        return self.root.parent / "started.log"

    def environment(self) -> dict[str, str]:
        """The user's environment, with our two commands and a name for the commits."""
        return {
            **os.environ,
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "Demo",
            "GIT_AUTHOR_EMAIL": "demo@example.org",
            "GIT_COMMITTER_NAME": "Demo",
            "GIT_COMMITTER_EMAIL": "demo@example.org",
        }

    def heading(self, title: str, text: str) -> None:
        """A title and a paragraph."""
        line = f"── {title} ".ljust(WIDTH, "─")
        print("\n" + (f"\033[1;36m{line}\033[0m" if self.colour else line))
        print(textwrap.fill(" ".join(text.split()), WIDTH), flush=True)

    def command(self, *argv: str, expect: int = 0) -> None:
        """Show a command, run it with its output on the screen, check its exit code."""
        words = " ".join(f'"{word}"' if " " in word else word for word in argv)
        print("\n" + (f"\033[1m$ {words}\033[0m" if self.colour else f"$ {words}"), flush=True)
        began = time.monotonic()
        done = subprocess.run(argv, cwd=self.root, env=self.environment(), check=False)
        took = f"  ({time.monotonic() - began:.2f} s, exit code {done.returncode})"
        if argv[0] == "branchline":
            print(f"\033[2m{took}\033[0m" if self.colour else took, flush=True)
        self.check(done.returncode == expect, f"{words}: exit {done.returncode}, not {expect}")

    def check(self, is_so: object, otherwise: str) -> None:
        """Remember, and say at once, when something is not as told."""
        if not is_so:
            self.wrong.append(otherwise)
            print(f"\033[1;31m! {otherwise}\033[0m" if self.colour else f"! {otherwise}")

    def scripts(self, *expected: str) -> None:
        """Check which stages' scripts were started since the last call."""
        text = self.started.read_text(encoding="utf-8") if self.started.exists() else ""
        self.started.unlink(missing_ok=True)
        seen = sorted(Path(line).stem for line in text.split())
        self.check(seen == sorted(expected), f"started {seen}, expected {sorted(expected)}")

    def pending(self) -> list[str]:
        """Stages that the plan would run."""
        done = subprocess.run(
            ["branchline", "plan", "--json"], cwd=self.root, env=self.environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        stages = json.loads(done.stdout)["stages"] if done.stdout else []
        return [s["stage"] for s in stages if s["action"] in ("run", "may_run")]

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replace text in a file, and show the change as git does."""
        target = self.root / path
        text = target.read_text(encoding="utf-8")
        for old, new in changes:
            self.check(old in text, f"{path} does not hold {old!r}")
            text = text.replace(old, new)
        target.write_text(text, encoding="utf-8")
        colour = "--color=always" if self.colour else "--color=never"
        diff = ["git", "--no-pager", "diff", "-U0", colour, "--", path]
        shown = subprocess.run(diff, cwd=self.root, capture_output=True, text=True, check=True)
        print()
        for line in shown.stdout.splitlines()[4:]:
            if "@@" not in line:
                print(f"    {line}")
        sys.stdout.flush()

    def commit(self, message: str) -> None:
        """Commit everything."""
        subprocess.run(["git", "add", "-A"], cwd=self.root, check=True)
        self.command("git", "commit", "-q", "-m", message)

    def metric(self, name: str) -> float:
        """A metric as the last evaluation left it."""
        text = (self.root / "metrics.json").read_text(encoding="utf-8")
        return float(json.loads(text)[name])


def prepare(folder: Path, *, colour: bool) -> Story:
    """The scratch repository with the example in it, not yet committed."""
    folder.mkdir(parents=True, exist_ok=True)
    story = Story(root=folder / "tumour-classifier", colour=colour)
    shutil.copytree(
        EXAMPLE, story.root, ignore=shutil.ignore_patterns("__pycache__", ".branchline")
    )
    story.bin.mkdir()
    installed = importlib.util.find_spec("branchline") is not None
    path = "" if installed else f'PYTHONPATH="{SOURCE}" '
    python = f'"{sys.executable}"'
    for name, text in (
        ("python", PYTHON.format(python=python, log=f'"{story.started}"')),
        ("branchline", BRANCHLINE.format(python=python, path=path)),
    ):
        target = story.bin / name
        target.write_text(text, encoding="utf-8")
        target.chmod(0o755)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=story.root, check=True)
    return story


def first_run(story: Story) -> None:
    story.heading(
        "1. The first run",
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
        "2. Once more: nothing to do",
        """Branchline decides by content. Nothing on which a stage depends is different, so nothing
        runs; looking takes a blink.""",
    )
    story.command("branchline", "run")
    story.scripts()


def comment_only(story: Story) -> None:
    story.heading(
        "3. A comment",
        """src/tumour/estimators.py is imported by the training script and listed nowhere;
        Branchline followed the import. Now its bytes change, its meaning does not: nothing
        trains.""",
    )
    story.edit(
        "src/tumour/estimators.py",
        ('    if kind == "forest":', '    # Robust, needs no scaling.\n    if kind == "forest":'),
    )
    story.commit("Say why there is a forest")
    story.command("branchline", "plan")
    story.command("branchline", "run")
    story.scripts()


def parameter(story: Story) -> None:
    story.heading(
        "4. A parameter",
        """Deeper trees. `prepare` and `featurize` do not read this parameter: only `train` runs,
        and `evaluate` after it. `plan` says so beforehand, `why` explains one stage in full.""",
    )
    story.edit("params.yaml", ("depth: 3", "depth: 5"))
    story.check(story.pending() == ["train", "evaluate"], f"pending: {story.pending()}")
    story.command("branchline", "plan")
    story.command("branchline", "why", "train")
    story.commit("Deeper trees")
    story.command("branchline", "run")
    story.scripts("train", "evaluate")
    story.commit("Results of deeper trees")


def worse_model(story: Story) -> None:
    story.heading(
        "5. A worse model",
        """Two trees with one question each are quick to train. The run itself succeeds, but the
        gate compares with the model of the last passed run on main: the verdict is failed, with the
        numbers, and the exit code is 3, which stops a CI job.""",
    )
    story.command("git", "switch", "-q", "-c", "quicker")
    story.edit("params.yaml", ("trees: 40", "trees: 2"), ("depth: 5", "depth: 1"))
    story.commit("Train faster")
    story.command("branchline", "run", expect=3)
    story.scripts("train", "evaluate")
    story.check(story.metric("roc_auc") < 0.95, "the worse model is not worse")
    story.commit("Results of the quick one")


def going_back(story: Story) -> None:
    story.heading(
        "6. Going back",
        """The branch was a bad idea; back to main. The results of its content are known, so the
        model comes back from the store and nothing trains.""",
    )
    story.command("git", "switch", "-q", "main")
    story.command("branchline", "run")
    story.scripts()


def better_model(story: Story) -> None:
    story.heading(
        "7. A better model",
        """All thirty measurements and a logistic regression. `prepare` is kept, the rest runs, and
        the gate has nothing to say against it.""",
    )
    before = story.metric("roc_auc")
    story.edit(
        "params.yaml",
        ("groups: [mean]        #", "groups: [mean, error, worst] #"),
        ("kind: forest  ", "kind: logistic"),
    )
    story.commit("Logistic regression on all measurements")
    story.command("branchline", "run")
    story.scripts("featurize", "train", "evaluate")
    story.check(story.metric("roc_auc") > before, "the better model is not better")
    story.commit("Results of the logistic regression")


def looking_back(story: Story) -> None:
    story.heading(
        "8. Looking back",
        """Every run is on record in git, named by its commit: what ran, what it measured, how
        it was judged. `compare` takes two of them side by side.""",
    )
    story.command("branchline", "runs")
    first, last = (
        subprocess.run(
            ["git", "log", "--format=%h", f"--grep={message}", "main"],
            cwd=story.root, capture_output=True, text=True, check=True,
        ).stdout.split()[0]
        for message in ("^A forest", "^Logistic")
    )  # fmt: skip
    story.command("branchline", "compare", first, last)


STEPS = (
    first_run,
    nothing_to_do,
    comment_only,
    parameter,
    worse_model,
    going_back,
    better_model,
    looking_back,
)


def end(story: Story, *, remove: bool) -> int:
    """What was seen, where it lies, what to try next."""
    took = f"{time.monotonic() - story.began:.0f} s"
    if story.wrong:
        print(f"\n{len(story.wrong)} things did not go as told ({took}):")
        print("\n".join(f"  - {what}" for what in story.wrong))
        print(f"The project is in {story.root}")
        return 1
    story.heading("The end", f"Eight steps in {took}, and each did what was told.")
    if remove:
        shutil.rmtree(story.root.parent)
        return 0
    print(f"""
The project is still there. To go on with it:

    cd {story.root}
    export PATH="{story.bin}:$PATH"
    branchline show                  # the last run in full
    branchline logs train            # what a stage printed
    branchline report                # the same as Markdown, for a pull request
    git for-each-ref refs/branchline # where all of this is kept

Edit params.yaml or src/, then: branchline plan
""")
    return 0


def main() -> int:
    """Tell the story."""
    parser = argparse.ArgumentParser(description="Branchline on a small real project, in a minute.")
    parser.add_argument("--dir", type=Path, help="where to put the project; must not exist yet")
    parser.add_argument("--remove", action="store_true", help="remove the project at the end")
    options = parser.parse_args()
    if importlib.util.find_spec("sklearn") is None:
        print("The example needs scikit-learn. Run `make demo`, or: "
              f"pip install -r {EXAMPLE / 'requirements.txt'}", file=sys.stderr)  # fmt: skip
        return 1
    if options.dir and options.dir.exists() and any(options.dir.iterdir()):
        print(f"{options.dir} is not empty; name a new folder with --dir", file=sys.stderr)
        return 2
    folder = (options.dir or Path(tempfile.mkdtemp(prefix="branchline-demo-"))).resolve()
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    story = prepare(folder, colour=colour)
    for step in STEPS:
        step(story)
        if story.wrong:
            break
    return end(story, remove=options.remove)


if __name__ == "__main__":
    sys.exit(main())
