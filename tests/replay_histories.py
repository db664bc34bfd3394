"""Generated histories of a small project: what people do to one, in an order that chance draws.

A pipeline of two stages in plain Python, so that a training takes milliseconds and what it leaves
follows from what it read, and tells it: other inputs of `prepare` leave another table, as a replay
takes it. Deterministic: the same seed gives the same commits.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

from branchline.core.plan.replay import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from branchline.core.plan.replay import PushAnswer

FILES = {
    "branchline.yaml": "model: demo\nbranches: {main: {do: train}}\n",
    "dvc.yaml": """\
stages:
  prepare:
    cmd: python3 prepare.py
    deps: [prepare.py, raw.csv]
    params: [keep]
    outs: [table.csv]
  train:
    cmd: python3 train.py
    deps: [table.csv, train.py]
    params: [depth]
    outs: [model.txt]
    metrics:
    - metrics.json:
        cache: false
""",
    "params.yaml": "keep: 3\ndepth: 2\n",
    "raw.csv": "x\n1\n2\n3\n4\n",
    "prepare.py": (
        "import yaml_lite\n"
        "keep = int(yaml_lite.read('params.yaml')['keep'])\n"
        "rows = open('raw.csv').read().split()[1:]\n"
        "told = [*rows[:keep], '9' * keep, ''.join(rows)]\n"
        "open('table.csv', 'w').write('\\n'.join(told))\n"
    ),
    "yaml_lite.py": (
        "def read(path):\n"
        "    lines = open(path).read().splitlines()\n"
        "    return dict(line.split(': ') for line in lines if ': ' in line)\n"
    ),
    "train.py": (
        "import json\n"
        "import yaml_lite\n"
        "from lib import features\n"
        "depth = int(yaml_lite.read('params.yaml')['depth'])\n"
        "rows = open('table.csv').read().split()\n"
        "score = features.score(rows, depth)\n"
        "open('model.txt', 'w').write(str(score))\n"
        "json.dump({'score': score}, open('metrics.json', 'w'))\n"
    ),
    "lib/__init__.py": "",
    "lib/features.py": (
        "from lib.weights import WEIGHT\n\n\n"
        "def score(rows, depth):\n"
        "    return sum(map(int, rows)) * depth * WEIGHT\n"
    ),
    "lib/weights.py": "WEIGHT = 1\n",
    "lib/unused.py": "UNUSED = 1\n",
    "docs/guide.md": "# Guide\n",
    "README.md": "# Demo\n",
    ".gitignore": ".branchline/\n/table.csv\n/model.txt\n/metrics.json\n__pycache__/\n",
    ".github/workflows/train.yml": (
        "on:\n  push:\n    branches: [main]\n    paths: ['*.py', 'params.yaml', 'dvc.yaml']\n"
        "jobs:\n  train:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: python3 train.py\n"
    ),
}
IDENTITY = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}


def git(root: Path, *words: str, day: int = 0) -> str:
    """Run git in a folder as Ada."""
    moment = f"{1_767_225_600 + 3600 * day} +0000"
    environment = {
        **os.environ,
        **IDENTITY,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_DATE": moment,
    }
    done = subprocess.run(
        ["git", *words], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def outcome(root: Path, commit: str) -> str | None:
    """What training a commit really leaves: its scripts are run; None where they fail.

    Args:
        root: A clone that nobody else uses; it is taken to the commit.
    """
    git(root, "checkout", "-q", "-f", "--detach", commit)
    git(root, "clean", "-fdxq")
    for script in ("prepare.py", "train.py"):
        done = subprocess.run(
            [sys.executable, "-B", script], cwd=root, capture_output=True, check=False
        )
        if done.returncode:
            return None
    return (root / "table.csv").read_text() + (root / "model.txt").read_text()


def wrong_skips(clone: Path, pushes: Sequence[PushAnswer]) -> list[str]:
    """Pushes that train nothing although their outcome is none that was trained for.

    Args:
        clone: See `outcome`.
        pushes: Of a replay of the whole history.
    """
    trained: dict[str, str | None] = {}
    wrong = []
    before: str | None = None
    for push in pushes:
        (model,) = push.models
        now = outcome(clone, push.commit)
        keys = "".join(stage.key or "" for stage in model.stages)
        if model.answer.trains:
            trained[keys] = now
        elif now is None or trained.get(keys) != now:
            wrong.append(f"{push.short} {push.subject}: {model.reason}")
        if model.answer is Answer.SKIP and before != now:
            wrong.append(f"{push.short} {push.subject}: skipped, and the outcome moved")
        before = now
    return wrong


class History:
    """A repository that grows by one push at a time.

    Args:
        root: A folder that does not exist yet.
        seed: Of the order of edits.
        has_faults: Whether some commits cannot be planned: broken code, no pipeline.
    """

    def __init__(self, root: Path, seed: int, *, has_faults: bool = False) -> None:
        self.root = root
        self.day = 0
        self._dice = random.Random(seed)
        self._edits: list[Callable[[], None]] = [
            self._document, self._document, self._comment, self._comment, self._parameter,
            self._weight, self._unused, self._data, self._revert, self._merge, self._layout,
            self._executable, self._rename,
        ]  # fmt: skip
        if has_faults:
            self._edits += [self._broken, self._no_pipeline]
        root.mkdir(parents=True)
        git(root, "init", "-q", "-b", "main")
        write(root, FILES)
        self.commit("start")

    def commit(self, message: str) -> None:
        """Commit whatever is there, one hour after the last one."""
        self.day += 1
        git(self.root, "add", "-A")
        if git(self.root, "status", "--porcelain"):
            git(self.root, "commit", "-q", "-m", message, day=self.day)

    def grow(self, count: int) -> None:
        """Make so many further edits; some of them may leave nothing to commit."""
        for _ in range(count):
            self._dice.choice(self._edits)()

    def _path(self, name: str) -> Path:
        return self.root / name

    def _append(self, name: str, text: str) -> None:
        path = self._path(name)
        path.write_text(path.read_text() + text)

    def _document(self) -> None:
        self._append(self._dice.choice(["README.md", "docs/guide.md"]), f"line {self.day}\n")
        self.commit("write documents")

    def _comment(self) -> None:
        name = self._dice.choice(["train.py", "lib/features.py", "lib/weights.py", "dvc.yaml"])
        self._append(name, f"# remark {self.day}\n")
        self.commit("add a comment")

    def _parameter(self) -> None:
        key = self._dice.choice(["keep", "depth"])
        values = dict(
            line.split(": ") for line in self._path("params.yaml").read_text().split("\n")[:2]
        )
        values[key] = str(self._dice.randint(1, 4))
        self._path("params.yaml").write_text("".join(f"{k}: {v}\n" for k, v in values.items()))
        self.commit(f"set {key}")

    def _weight(self) -> None:
        self._path("lib/weights.py").write_text(f"WEIGHT = {self._dice.randint(1, 3)}\n")
        self.commit("another weight")

    def _unused(self) -> None:
        self._path("lib/unused.py").write_text(f"UNUSED = {self.day}\n")
        self.commit("code that nobody imports")

    def _data(self) -> None:
        rows = "".join(f"{self._dice.randint(1, 3)}\n" for _ in range(4))
        self._path("raw.csv").write_text(f"x\n{rows}")
        self.commit("other data")

    def _layout(self) -> None:
        text = self._path("train.py").read_text()
        one, other = "'w').write(str(score))", "'w').write(\n    str(score))"
        self._path("train.py").write_text(
            text.replace(one, other) if one in text else text.replace(other, one)
        )
        self.commit("wrap lines")

    def _executable(self) -> None:
        path = self._path("docs/guide.md")
        path.chmod(path.stat().st_mode ^ 0o111)
        self.commit("another mode")

    def _rename(self) -> None:
        path = self._path("docs/guide.md")
        name = f"docs/moved{self.day}.md"
        path.rename(self._path(name))
        self._path("docs/guide.md").write_text("# Guide\n")
        self.commit("move a document")

    def _revert(self) -> None:
        if git(self.root, "rev-list", "--count", "HEAD") == "1":
            return
        last = git(self.root, "rev-parse", "HEAD^")
        git(self.root, "checkout", "-q", last, "--", ".")
        self.commit("back to what was")

    def _merge(self) -> None:
        self.day += 1
        git(self.root, "checkout", "-q", "-b", "side")
        self._weight()
        self._document()
        git(self.root, "checkout", "-q", "main")
        git(self.root, "merge", "-q", "--no-ff", "-m", "merge side", "side", day=self.day)
        git(self.root, "branch", "-q", "-D", "side")

    def _broken(self) -> None:
        good = self._path("lib/features.py").read_text()
        self._path("lib/features.py").write_text("def score(:\n")
        self.commit("a slip")
        self._path("lib/features.py").write_text(good)
        self.commit("mend it")

    def _no_pipeline(self) -> None:
        good = self._path("dvc.yaml").read_text()
        self._path("dvc.yaml").write_text("stages:\n  train: {cmd: 3}\n")
        self.commit("a slip in the pipeline")
        self._path("dvc.yaml").write_text(good)
        self.commit("mend the pipeline")
