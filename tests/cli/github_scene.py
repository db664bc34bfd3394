"""A repository on the judged forge, the same in git, and jobs that tell the one of the other."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.adapters.github.conftest import Site
from tests.cli.ci_scene import FILES, STORED_FILES, YAML, CiScene, Ended, pulled, pushed
from tests.rig.mirror import Mirror

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rig.forge import JudgedForge

REPORT = "tok-bot+contents:write+pull-requests:write+statuses:write"
OPEN = "tok-bot+contents:write+pull-requests:write+actions:write"
TUNE = """\
branches:
  "tuning/**":
    do: tune
    open_pull_request: {branch: "training/{commit}", into: main, mode: dispatch}
  "main": {do: train}
tune:
  stages: [train]
  objective: {metric: auc, goal: maximize}
  space: {lr: [0.1, 0.3]}
  write: params.yaml
  trials: 2
"""


@dataclass
class GitHub:
    """A repository on the judged forge, and the same in git."""

    site: Site
    scene: CiScene

    def open_pull(self, branch: str) -> int:
        """Ask for a merge into `main`; the number of the pull request."""
        self.site.judged.gaps.gits[self.site.name].bring()
        body = {"title": "Work", "head": branch, "base": "main"}
        return int(self.site.as_ada("POST", "/pulls", body)["number"])

    def apply(
        self, ran: Ended, event: tuple[str, dict[str, Any]], token: str, *words: str
    ) -> Ended:
        """Apply the results of a job in a checkout of the default branch."""
        return self.scene.ended(self.start(ran, event, token, *words))

    def start(
        self, ran: Ended, event: tuple[str, dict[str, Any]], token: str, *words: str
    ) -> subprocess.Popen[str]:
        """Begin to."""
        tested = json.loads((ran.folder / "results.json").read_text())["tested"]
        return self.scene.start(
            "apply", event, *words, ref="refs/heads/main", results=ran.folder.parent,
            GITHUB_SHA=tested, GITHUB_API_URL=self.site.judged.url, GITHUB_TOKEN=token,
            GITHUB_REPOSITORY=self.site.name, BRANCHLINE_GITHUB_LOGIN="", GITHUB_RUN_ID="99",
            GITHUB_WORKFLOW_REF="o/r/.github/workflows/branchline-tune.yml@refs/heads/main",
        )  # fmt: skip


@contextmanager
def on_github(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[GitHub]:
    """A fresh repository, with a project on its default branch."""
    judged_forge.problems.clear()
    judged_forge.faults.clear()
    scene = CiScene(tmp_path)
    scene.commit(STORED_FILES, message="first")
    judged_forge.gaps.dispatched.clear()
    made = GitHub(Site(judged_forge, judged_forge.new_repository()), scene)
    judged_forge.gaps.gits[made.site.name] = Mirror(made.site, scene.bare)
    yield made
    judged_forge.gaps.gits.clear()
    judged_forge.faults.clear()
    for client in made.site.opened:
        client.close()


def walked_pull(github: GitHub) -> tuple[Ended, tuple[str, dict[str, Any]], str, int]:
    """A pull request that was trained."""
    scene = github.scene
    head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="work")
    number = github.open_pull("work")
    scene.merged(number, head)
    event = pulled(head, number=number)
    ran = scene.job("run", event, "--no-push", ref=f"refs/pull/{number}/merge")
    assert ran.code == 0, ran.err
    return ran, event, head, number


def comments(github: GitHub, number: int) -> list[str]:
    return [str(note["body"]) for note in github.site.ask("GET", f"/issues/{number}/comments")]


def statuses(github: GitHub, commit: str) -> list[tuple[str, str]]:
    forge = github.site.forge()
    return [(check.name, check.state.value) for check in forge.checks(commit)]


def searched(github: GitHub) -> tuple[Ended, tuple[str, dict[str, Any]], str]:
    """A branch that was searched: what its job left, its push, and the branch with the best."""
    scene = github.scene
    learns = FILES["train.py"].replace("0.9", "float(open('params.yaml').read().split()[1])")
    scene.commit({"branchline.yaml": YAML.replace("min: 0.5", "min: 0.0") + TUNE})
    head = scene.commit({"train.py": learns}, branch="tuning/x")
    event = pushed("refs/heads/tuning/x", head)
    branch = f"training/{head[:7]}"

    ran = scene.job("run", event, "--no-push", ref="refs/heads/tuning/x")
    assert ran.code == 0, ran.err
    return ran, event, branch
