"""A repository on a forge, shallow checkouts of it, and jobs of GitHub Actions that run in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import ready_branchline

import branchline

SOURCE = str(Path(branchline.__file__).parent.parent)
YAML = """\
model: demo
stages:
  train:
    cmd: python3 train.py
    deps: [train.py, data.csv]
    params: [lr]
    outs: [model.pkl]
    metrics: [{metrics.json: {cache: false}}]
gate:
  metrics:
    auc: {min: 0.5}
resources:
  train: {timeout: 30m, runs_on: [self-hosted, gpu]}
"""
FILES = {
    "branchline.yaml": YAML,
    "params.yaml": "lr: 0.1\n",
    "data.csv": "x,y\n1,2\n",
    "train.py": (
        "import json, os\n"
        "open('model.pkl', 'w').write('m')\n"
        "print('::set-output name=should-train::true')\n"
        "print('seen:', [k for k in os.environ if k.startswith(('GITHUB_TO', 'GITHUB_OU'))])\n"
        "json.dump({'auc': 0.9}, open('metrics.json', 'w'))\n"
    ),
    ".gitignore": "/model.pkl\n/branchline.lock\n/metrics.json\n",
}
STORED = f"{YAML}store: ~/store\n"
"""With a folder that all jobs reach: a version is registered once others can have its files."""
STORED_FILES = {**FILES, "branchline.yaml": STORED}


@dataclass
class Ended:
    """How a job ended.

    Attributes:
        code: Exit status. out, err: Its streams. outputs: As the runner reads them.
        summary: Markdown. folder: That it left.
    """

    code: int
    out: str
    err: str
    outputs: dict[str, str]
    summary: str
    folder: Path


@dataclass
class CiScene:
    """A repository that a forge has.

    Attributes:
        home: Where everything stands. url: Of the forge's repository, for checkouts.
        environ: Of all commands.
    """

    home: Path
    url: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    _jobs: int = 0

    def __post_init__(self) -> None:
        people = {
            f"GIT_{who}_{what}": text
            for who in ("AUTHOR", "COMMITTER")
            for what, text in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
        }
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        self.environ = {
            **kept, **people, "HOME": str(self.home), "PYTHONPATH": SOURCE, "NO_COLOR": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
        }  # fmt: skip
        self.bare.mkdir()
        self.git(self.bare, "init", "-q", "--bare", "-b", "main")
        self.author.mkdir()
        self.git(self.author, "init", "-q", "-b", "main")
        self.url = self.url or f"file://{self.bare}"

    @property
    def bare(self) -> Path:
        """The forge's repository."""
        return self.home / "forge.git"

    @property
    def author(self) -> Path:
        """A person's clone."""
        return self.home / "author"

    def git(self, folder: Path, *words: str, check: bool = True) -> str:
        """Run git."""
        done = subprocess.run(
            ["git", *words], cwd=folder, env=self.environ, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: dict[str, str], *, branch: str = "main", message: str = "more") -> str:
        """Commit files on a branch and push it to the forge; the commit."""
        if self.git(self.author, "symbolic-ref", "--short", "HEAD") != branch:
            self.git(self.author, "checkout", "-q", "-b", branch)
        for path, text in files.items():
            (self.author / path).parent.mkdir(parents=True, exist_ok=True)
            (self.author / path).write_text(text)
        self.git(self.author, "add", "-A")
        self.git(self.author, "commit", "-q", "--allow-empty", "-m", message)
        self.git(self.author, "push", "-q", str(self.bare), f"HEAD:refs/heads/{branch}")
        return self.git(self.author, "rev-parse", "HEAD")

    def merged(self, number: int, head: str, base: str = "main") -> str:
        """Make the merge of a pull request, as the forge does; the commit."""
        self.git(self.author, "checkout", "-q", "--detach", base)
        self.git(self.author, "merge", "-q", "--no-ff", "-m", "Merge", head)
        commit = self.git(self.author, "rev-parse", "HEAD")
        self.git(self.author, "push", "-q", str(self.bare), f"+HEAD:refs/pull/{number}/merge")
        self.git(self.author, "checkout", "-q", base)
        return commit

    def checkout(self, ref: str) -> Path:
        """What actions/checkout leaves: one commit, detached, no branch but that."""
        self._jobs += 1
        folder = self.home / f"job{self._jobs}"
        folder.mkdir()
        self.git(folder, "init", "-q", "-b", "main")
        self.git(folder, "remote", "add", "origin", self.url)
        self.git(folder, "fetch", "-q", "--no-tags", "--depth=1", "origin", f"+{ref}:refs/work")
        self.git(folder, "checkout", "-q", "--detach", "refs/work")
        self.git(folder, "update-ref", "-d", "refs/work")
        return folder

    def _prepared(
        self, event: tuple[str, dict[str, Any]], ref: str, folder: Path | None,
        results: Path | None, more: dict[str, str],
    ) -> tuple[Path, Path, dict[str, str]]:  # fmt: skip
        """The checkout of a job, its temporary folder, and its variables."""
        tree = folder or self.checkout(ref)
        place = Path(f"{tree}.temp")
        place.mkdir(exist_ok=True)
        (place / "event.json").write_text(json.dumps(event[1]))
        environ = {
            **self.environ,
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event[0],
            "GITHUB_EVENT_PATH": str(place / "event.json"),
            "GITHUB_SHA": self.git(tree, "rev-parse", "HEAD"),
            "GITHUB_REF": ref,
            "GITHUB_OUTPUT": str(place / "output"),
            "GITHUB_STEP_SUMMARY": str(place / "summary"),
            "GITHUB_TOKEN": "secret-of-the-job",
            "GITHUB_RUN_NUMBER": str(self._jobs),
            "RUNNER_TEMP": str(results or place),
            **more,
        }
        return tree, place, environ

    def start(
        self, verb: str, event: tuple[str, dict[str, Any]], *words: str,
        ref: str, folder: Path | None = None, results: Path | None = None, **more: str,
    ) -> subprocess.Popen[str]:  # fmt: skip
        """Start a job in a checkout of its own."""
        tree, place, environ = self._prepared(event, ref, folder, results, more)
        process = subprocess.Popen(
            [sys.executable, "-m", "branchline", "ci", verb, *words],
            cwd=tree, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        process.place = place  # type: ignore[attr-defined] # for `ended`
        process.results = results or place  # type: ignore[attr-defined] # likewise
        return process

    def ended(self, process: subprocess.Popen[str]) -> Ended:
        """Wait for a job that was started."""
        out, err = process.communicate(timeout=60)
        place: Path = process.place  # type: ignore[attr-defined] # set by `start`
        results: Path = process.results  # type: ignore[attr-defined] # likewise
        return _ended(process.returncode, out, err, place, results)

    def job(
        self, verb: str, event: tuple[str, dict[str, Any]], *words: str,
        ref: str, folder: Path | None = None, results: Path | None = None, **more: Any,
    ) -> Ended:  # fmt: skip
        """Run a job to its end."""
        tree, place, environ = self._prepared(event, ref, folder, results, more)
        done = ready_branchline.call(["ci", verb, *words], cwd=tree, env=environ, timeout=60)
        return _ended(done.returncode, done.stdout, done.stderr, place, results or place)

    def records(self) -> list[str]:
        """Records that the forge has."""
        names = self.git(self.bare, "for-each-ref", "--format=%(refname)", "refs/branchline/")
        return names.splitlines()


def _ended(code: int, out: str, err: str, place: Path, results: Path) -> Ended:
    from tests.adapters.actions.test_job import outputs_of

    read = {
        name: (place / name).read_text() if (place / name).exists() else ""
        for name in ("output", "summary")
    }
    folder = results / "branchline-results"
    return Ended(code, out, err, outputs_of(read["output"]), read["summary"], folder)


REPOSITORY = {"full_name": "o/r", "default_branch": "main"}


def pushed(ref: str, commit: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A push, as its job is told of it."""
    payload = {
        "ref": ref,
        "before": "0" * 40,
        "after": commit,
        "deleted": False,
        "repository": REPOSITORY,
        "sender": {"login": "ada"},
        "head_commit": {"id": commit, "added": ["x"], "removed": [], "modified": []},
    }
    return "push", {**payload, **more}


def pulled(
    head: str, *, branch: str = "work", repo: object = REPOSITORY, number: int = 7
) -> tuple[str, dict[str, Any]]:
    """A pull request, as its job is told of it."""
    return "pull_request", {
        "action": "synchronize",
        "number": number,
        "repository": REPOSITORY,
        "sender": {"login": "ada"},
        "pull_request": {
            "number": number,
            "state": "open",
            "title": "x\n::error::y",
            "head": {"ref": branch, "sha": head, "repo": repo},
            "base": {"ref": "main", "sha": "3" * 40, "repo": REPOSITORY},
        },
    }
