"""A GitHub on this machine: a repository behind HTTP, its judged API, and the runner of its jobs.

Branches, tags and records stand in real git. What a job may do there and at the API follows from
the permissions that the workflow declares. An event starts each workflow of its commit that asks
for it, as on GitHub; what a job dispatches waits until the test starts it.
"""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
import tarfile
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.adapters.github.conftest import Site
from tests.cli.ci_scene import SOURCE
from tests.rig.git_over_http import GitServer
from tests.rig.host import Host, repository, results
from tests.rig.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.rig.forge import JudgedForge

WORKFLOWS = ".github/workflows"
# What `gh workflow run FILE --ref REF -f KEY=VALUE` sends, with the token of its job.
_GH = """\
#!{python}
import argparse, json, os, urllib.parse, urllib.request
parser = argparse.ArgumentParser()
parser.add_argument("words", nargs=3)
parser.add_argument("--ref")
parser.add_argument("-f", action="append", default=[])
asked = parser.parse_args()
assert asked.words[:2] == ["workflow", "run"], asked
file = urllib.parse.quote(asked.words[2], safe="")
url = os.environ["GITHUB_API_URL"] + "/repos/" + os.environ["GH_REPO"]
body = {{"ref": asked.ref, "inputs": dict(pair.split("=", 1) for pair in asked.f)}}
urllib.request.urlopen(urllib.request.Request(
    url + "/actions/workflows/" + file + "/dispatches", method="POST",
    data=json.dumps(body).encode(),
    headers={{"Authorization": "Bearer " + os.environ["GH_TOKEN"]}},
)).close()
"""


@dataclass(frozen=True)
class Ran:
    """One run of a workflow.

    Attributes:
        report: Of the runner.
    """

    report: Mapping[str, Any]

    @property
    def jobs(self) -> dict[str, str]:
        """How each job ended, by its name in the file."""
        return results(self.report)

    def log(self, job: str, step: str = "") -> str:
        """The ends of the logs of a job's steps, or of one."""
        runs = [one for j in self.report["jobs"] if j["id"] == job for one in j.get("runs", ())]
        steps = [one for run in runs for one in run["steps"] if step in ("", one["name"])]
        return "\n".join(str(one.get("error") or one.get("log", "")) for one in steps)

    def summary(self, job: str) -> str:
        """Markdown that a job left."""
        runs = [one for j in self.report["jobs"] if j["id"] == job for one in j.get("runs", ())]
        return "\n".join(str(run.get("summary", "")) for run in runs)


class Hub:
    """A repository with one person, who has a clone of it.

    Args:
        forge: Its API.
        folder: Empty, for everything else.
    """

    def __init__(self, forge: JudgedForge, folder: Path) -> None:
        self.site = Site(forge, forge.new_repository())
        self.name = self.site.name
        self.folder = folder
        self.bare, self.author = folder / "git" / self.name, folder / "author"
        for place, words in ((self.bare, ["--bare"]), (self.author, [])):
            place.mkdir(parents=True)
            self.git(place, "init", "-q", *words, "-b", "main")
        self.git(self.bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        self.git(self.author, "remote", "add", "origin", str(self.bare))
        self.server = GitServer(folder / "git")
        self.host = Host(folder / "unused", folder / "host")
        self.host.install(
            "branchline",
            f'#!/bin/sh\nPYTHONPATH="{SOURCE}" exec "{sys.executable}" -m branchline "$@"\n',
        )
        programs = self.host.folder / "bin"
        programs.mkdir()
        (programs / "gh").write_text(_GH.format(python=sys.executable))
        (programs / "gh").chmod(0o755)
        self._numbers, self._lock = itertools.count(1), threading.Lock()
        forge.gaps.dispatched.clear()
        self.mirror = forge.gaps.gits[self.name] = Mirror(self.site, self.bare)

    def close(self) -> None:
        """Stop what was started."""
        del self.site.judged.gaps.gits[self.name]
        self.server.close()
        for client in self.site.opened:
            client.close()

    @staticmethod
    def git(folder: Path, *words: str) -> str:
        """Run git as the person."""
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        done = subprocess.run(
            ["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {words}: {done.stderr}"
        return done.stdout.strip()

    def head(self, branch: str) -> str:
        """The commit that a branch stands on; "" when there is none."""
        return self.mirror.head(branch)

    # What the person does.

    def commit(self, branch: str, files: Mapping[str, str], message: str = "change") -> str:
        """Commit files on a branch, a new one from `main`, and push it; the commit."""
        if branch in self.mirror.heads():
            self.git(self.author, "checkout", "-q", branch, "--")
        elif branch != "main":
            self.git(self.author, "checkout", "-q", "-b", branch, "main")
        for path, text in files.items():
            (self.author / path).parent.mkdir(parents=True, exist_ok=True)
            (self.author / path).write_text(text)
        self.git(self.author, "add", "-A")
        self.git(self.author, "commit", "-q", "--allow-empty", "-m", message)
        self.git(self.author, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return self.git(self.author, "rev-parse", "HEAD")

    def open_pull(self, branch: str, title: str) -> int:
        """Ask for a merge into `main`; the number of the pull request."""
        self.mirror.bring()
        body = {"title": title, "head": branch, "base": "main"}
        return int(self.site.as_ada("POST", "/pulls", body)["number"])

    def merge(self, number: int) -> str:
        """Press `Merge pull request`; the new commit of `main`."""
        pull = self.site.ask("GET", f"/pulls/{number}")
        self.site.as_ada("PUT", f"/pulls/{number}/merge", {})
        branch = pull["head"]["ref"]
        self.git(self.author, "fetch", "-q", "origin", f"refs/heads/{branch}")
        self.git(self.author, "checkout", "-q", "main", "--")
        self.git(self.author, "merge", "-q", "--no-ff", "-m", f"Merge #{number}", "FETCH_HEAD")
        self.git(self.author, "push", "-q", "origin", "main")
        return self.head("main")

    # What GitHub does then.

    def pushed(self, branch: str, before: str = "0" * 40, **variables: str) -> dict[str, Ran]:
        """What a push starts, by the file of the workflow."""
        commit = self.head(branch)
        newest = {"id": commit, "added": ["x"], "removed": [], "modified": []}
        payload = {
            "ref": f"refs/heads/{branch}", "before": before, "after": commit, "deleted": False,
            "head_commit": {**newest, "message": self._message(commit)},
        }  # fmt: skip
        return self.woken("push", payload, f"refs/heads/{branch}", commit, **variables)

    def pulled(self, number: int, title: str, **variables: str) -> dict[str, Ran]:
        """What a commit of a pull request starts: its merge with `main` is tested."""
        branch = str(self.site.ask("GET", f"/pulls/{number}")["head"]["ref"])
        head, home = self.head(branch), repository(self.name)
        self.git(self.author, "checkout", "-q", "--detach", "main")
        self.git(self.author, "merge", "-q", "--no-ff", "-m", "Merge", head)
        merge = self.git(self.author, "rev-parse", "HEAD")
        ref = f"refs/pull/{number}/merge"
        self.git(self.author, "push", "-q", "-f", "origin", f"HEAD:{ref}")
        payload = {
            "action": "synchronize", "number": number,
            "pull_request": {
                "number": number, "state": "open", "title": title, "merge_commit_sha": merge,
                "head": {"ref": branch, "sha": head, "repo": home},
                "base": {"ref": "main", "sha": self.head("main"), "repo": home},
            },
        }  # fmt: skip
        return self.woken("pull_request", payload, ref, merge, **variables)

    def dispatched(self) -> list[dict[str, Any]]:
        """What jobs asked to start, in order; each is told once."""
        asked = list(self.site.judged.gaps.dispatched)
        self.site.judged.gaps.dispatched.clear()
        return asked

    def start(self, asked: Mapping[str, Any], *, attempt: int = 1, **variables: str) -> Ran:
        """Start a workflow that was dispatched, at the branch's commit as it is now.

        Args:
            asked: What was dispatched.
            attempt: From 2 on somebody pressed `Re-run jobs`.
            variables: Of the runner.
        """
        ref, inputs = f"refs/heads/{asked['ref']}", asked.get("inputs", {})
        payload = {"ref": ref, "inputs": inputs, "workflow": f"{WORKFLOWS}/{asked['workflow']}"}
        commit = self.head(asked["ref"])
        found = self._run(
            str(asked["workflow"]), "workflow_dispatch", payload, ref, commit, variables, attempt
        )
        assert found is not None, f"{asked['workflow']} cannot be started by hand"
        return found

    def woken(
        self, event: str, payload: Mapping[str, Any], ref: str, commit: str, **variables: str
    ) -> dict[str, Ran]:
        """What an event starts, by the file of the workflow."""
        files = sorted(path.name for path in (self._tree(commit) / WORKFLOWS).glob("*.yml"))
        runs = {file: self._run(file, event, payload, ref, commit, variables) for file in files}
        return {file: ran for file, ran in runs.items() if ran is not None}

    def _run(
        self,
        file: str,
        event: str,
        payload: Mapping[str, Any],
        ref: str,
        commit: str,
        variables: Mapping[str, str],
        attempt: int = 1,
    ) -> Ran | None:
        with self._lock:
            number = next(self._numbers)
            host = Host(self._tree(commit), self.host.folder)
        report = host.run(
            f"{WORKFLOWS}/{file}", event, {**payload, "repository": repository(self.name)},
            "--token-base", "tok-bot", "--api", self.site.judged.url, "--server", self.server.url,
            "--cache", str(self.folder / "cache"), "--run", str(number), "--sha", commit,
            "--ref", ref, "--attempt", str(attempt), **variables,
        )  # fmt: skip
        if "invalid" in report:
            pytest.fail(f"GitHub would refuse to run {file}: {report['invalid']}")
        return Ran(report) if report["triggered"] else None

    def _tree(self, commit: str) -> Path:
        """The workflows of a commit."""
        folder = self.folder / "trees" / commit
        if not folder.exists():
            data = subprocess.run(
                ["git", "-C", str(self.bare), "archive", commit, ".github"],
                capture_output=True, check=True,
            ).stdout  # fmt: skip
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                archive.extractall(folder, filter="data")
        return folder

    def _message(self, commit: str) -> str:
        return self.git(self.bare, "log", "-1", "--format=%B", commit)

    # What there is at the end.

    def comments(self, number: int) -> list[str]:
        """Comments of a pull request."""
        return [str(note["body"]) for note in self.site.ask("GET", f"/issues/{number}/comments")]

    def statuses(self, commit: str) -> dict[str, str]:
        """Statuses of a commit, by name, in our words."""
        checks = self.site.forge().checks(commit)
        return {check.name: check.state.value for check in checks}

    def tags(self) -> list[str]:
        """Tags, sorted."""
        return self.git(self.bare, "tag").splitlines()

    def records(self, kind: str) -> list[str]:
        """References of records: `runs` or `results`."""
        home = f"refs/branchline/{kind}/"
        return self.git(self.bare, "for-each-ref", "--format=%(refname)", home).splitlines()

    def run_record(self, name: str) -> dict[str, Any]:
        """What stands in the run.json of a run."""
        return dict(json.loads(self.git(self.bare, "show", f"{name}:run.json")))
