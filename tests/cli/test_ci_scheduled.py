"""A schedule that retrains: only when the model drifts, and not too often."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.cli.ci_scene import FILES, REPOSITORY, YAML, CiScene, pushed
from tests.core.verdict.test_health import ASKED, after, seen

from branchline.core.verdict.health_json import look_to_json

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.core.verdict.health import Look

CRON = ("schedule", {"schedule": "17 2 * * 1", "repository": REPOSITORY})
MONITOR = "monitor: {schedule: '17 */6 * * *', source: new.csv, trained_on: data.csv}\n"


def scene_of(tmp_path: Path, rules: str) -> CiScene:
    scene = CiScene(tmp_path)
    scene.commit({**FILES, "branchline.yaml": YAML + MONITOR + rules})
    return scene


def looked(scene: CiScene, *drifted: str, ago: timedelta, problems: tuple[str, ...] = ()) -> None:
    """Let the forge have two looks, the last one so long ago."""
    times = [datetime.now(UTC) - ago - timedelta(hours=6 * back) for back in (1, 0)]
    looks: list[Look] = []
    for number, at in enumerate(times):
        due = at.replace(minute=17, second=0, microsecond=0)
        one = seen(number, *drifted, at=at.isoformat(), due=due.isoformat(), problems=problems)
        looks.append(after(*(look.seen for look in looks), one, asked=ASKED))
    for number, look in enumerate(looks):
        place = scene.home / f"look{number}.json"
        place.write_text(json.dumps(look_to_json(look)))
        blob = scene.git(scene.bare, "hash-object", "-w", str(place))
        scene.git(scene.bare, "update-ref", f"refs/branchline/looks/demo/{number}", blob)


@pytest.mark.parametrize(
    ("drifted", "ago_h", "problems", "trains", "expected"),
    [
        pytest.param((), 1, (), "false", "says healthy", id="healthy"),
        pytest.param(("x",), 1, (), "true", "says degraded since", id="degraded"),
        pytest.param(
            (), 1, ("Broken.",), "true", "does not know how the model is", id="not-known-trains"
        ),
        pytest.param((), 30, (), "true", "looks were due since", id="an-old-look-is-not-known"),
    ],
)
def test_when_drift(
    tmp_path: Path, drifted: tuple[str, ...], ago_h: int, problems: tuple[str, ...],
    trains: str, expected: str,
) -> None:  # fmt: skip
    scene = scene_of(tmp_path, "retrain: {schedule: '17 2 * * 1', when: drift}\n")
    looked(scene, *drifted, ago=timedelta(hours=ago_h), problems=problems)

    planned = scene.job("plan", CRON, ref="refs/heads/main")

    assert planned.outputs["should-train"] == trains, planned.err
    assert expected in planned.outputs["reason"]
    walked = scene.job("run", CRON, ref="refs/heads/main")
    assert ("nothing is trained" in walked.out) == (trains == "false")


def test_when_nobody_looked_it_is_not_known(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, "retrain: {schedule: '17 2 * * 1', when: drift}\n")

    planned = scene.job("plan", CRON, ref="refs/heads/main")

    assert planned.outputs["should-train"] == "true"
    assert "nobody looked" in planned.outputs["reason"]


def test_a_cool_down_holds_schedules_back_and_no_person(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, "retrain: {schedule: '17 2 * * 1', cooldown: 2d}\n")
    first = scene.job("run", CRON, ref="refs/heads/main")
    assert first.code == 0, first.err
    head = scene.commit({"params.yaml": "lr: 0.3\n"})

    again = scene.job("plan", CRON, ref="refs/heads/main")
    by_push = scene.job("plan", pushed("refs/heads/main", head), ref="refs/heads/main")

    assert again.outputs["should-train"] == "false"
    assert "`retrain.cooldown` is 2d, and run " in again.outputs["reason"]
    assert "was made by a schedule or for drift" in again.outputs["reason"]
    assert by_push.outputs["should-train"] == "true"


def test_a_training_for_drift_is_recorded_as_such(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, "retrain: {schedule: '17 2 * * 1', cooldown: 2d}\n")
    inputs = {"force": "false", "reason": "drift: `x` drifted", "model": "demo"}
    event = (
        "workflow_dispatch",
        {"ref": "refs/heads/main", "inputs": inputs, "repository": REPOSITORY},
    )

    done = scene.job("run", event, ref="refs/heads/main")

    assert done.code == 0, done.err
    (run,) = [name for name in scene.records() if "/runs/" in name]
    record = json.loads(scene.git(scene.bare, "show", f"{run}:run.json"))
    assert record["trigger"]["kind"] == "drift"
    scene.commit({"params.yaml": "lr: 0.3\n"})
    assert "cooldown" in scene.job("plan", CRON, ref="refs/heads/main").outputs["reason"]
