"""`branchline monitor` in GitHub Actions: in one job, or in two of which one may write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.ci_scene import REPOSITORY, STORED
from tests.cli.github_scene import GitHub, on_github
from tests.core.verdict.test_health import seen

from branchline.core.verdict.health_json import seen_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rig.forge import JudgedForge

CRON = {"schedule": "17 */6 * * *", "repository": REPOSITORY}
TOKEN = "tok-bot+contents:write+issues:write"
MONITOR = """\
monitor:
  schedule: '17 */6 * * *'
  run: "env > seen.txt; exit 3"
  metrics: {auc: {min: 0.8}}
  metrics_from: live.json
"""


OTHER = json.dumps(seen_to_json(seen(0, model="other")))


@pytest.fixture
def github(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[GitHub]:
    """A repository whose model is watched."""
    with on_github(tmp_path, judged_forge) as made:
        made.scene.commit({"branchline.yaml": STORED + MONITOR})
        yield made
    assert judged_forge.problems == []


def monitor(github: GitHub, *words: str, token: str = TOKEN, **more: str) -> Any:
    """Run the command in a checkout of its own; the folder stands in `args`."""
    scene = github.scene
    tree = scene.checkout("refs/heads/main")
    event = scene.home / f"{tree.name}.json"
    event.write_text(json.dumps(CRON))
    environ = {
        **scene.environ, "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "schedule",
        "GITHUB_EVENT_PATH": str(event), "GITHUB_SHA": scene.git(tree, "rev-parse", "HEAD"),
        "GITHUB_REF": "refs/heads/main", "GITHUB_TOKEN": token,
        "GITHUB_API_URL": github.site.judged.url, "GITHUB_REPOSITORY": github.site.name,
        "BRANCHLINE_GITHUB_LOGIN": "", "RUNNER_TEMP": str(scene.home / f"{tree.name}.temp"),
        "GITHUB_WORKFLOW_REF": "o/r/.github/workflows/branchline-monitor.yml@refs/heads/main",
        **more,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "branchline", "monitor", *words],
        cwd=tree, env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def issues(github: GitHub) -> list[str]:
    return [item["title"] for item in github.site.ask("GET", "/issues?state=all")]


def test_one_job_may_look_and_tell(github: GitHub) -> None:
    done = monitor(github)

    assert done.returncode == 4, done.stderr
    assert "issue #1 tells of the alarm." in done.stdout
    assert issues(github) == ["demo: whether it is well in production is not known"]
    looks = [name for name in github.scene.records() if "/looks/" in name]
    assert len(looks) == 1
    left = (github.scene.home / "job1" / "seen.txt").read_text()
    assert "GITHUB_TOKEN" not in left
    assert "tok-bot" not in left


def test_what_was_seen_goes_from_one_job_to_the_other(github: GitHub, tmp_path: Path) -> None:
    folder = str(tmp_path / "left")

    left = monitor(github, "--leave", folder, token="tok-bot+contents:read")
    told = monitor(github, "--from", folder)
    again = monitor(github, "--from", folder)

    assert (left.returncode, told.returncode, again.returncode) == (0, 0, 0), told.stderr
    assert issues(github) == ["demo: whether it is well in production is not known"]
    assert "is up to date; it was opened when the alarm began" in again.stdout
    assert len([name for name in github.scene.records() if "/looks/" in name]) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(None, "there is no look in", id="nothing"),
        pytest.param("{", "cannot be read", id="no-json"),
        pytest.param("[" * 100_000, "cannot be read", id="endless-brackets"),
        pytest.param("x" * 1_000_000, "has more than", id="too-large"),
        pytest.param(OTHER, "not of the model", id="other"),
        pytest.param(OTHER.replace("1000", '"::x::"'), "`rows`", id="no-number"),
        pytest.param("link", "no plain file", id="a-link"),
    ],
)  # fmt: skip
def test_a_look_of_a_stranger_is_refused(
    github: GitHub, tmp_path: Path, content: str | None, expected: str
) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    if content == "link":
        (folder / "look.json").symlink_to(os.devnull)
    elif content is not None:
        (folder / "look.json").write_text(content)

    done = monitor(github, "--from", str(folder))

    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert issues(github) == []
    assert [name for name in github.scene.records() if "/looks/" in name] == []


def test_a_job_without_the_permission_is_told_the_line(github: GitHub) -> None:
    done = monitor(github, token="tok-bot+contents:write")

    assert done.returncode == 1
    assert "lacks the permission `issues: write`" in done.stdout
    assert "issues: read" not in done.stdout
    # It is kept, so that the next job tells of this very alarm.
    assert monitor(github).returncode == 4
    assert len(issues(github)) == 1
