from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.core.evidence import Evidence, StageFacts
from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.values import Produced, Result
from branchline.core.policy import Gate, MetricRule, Policy
from branchline.errors import EffectError
from branchline.flows.champion import holders_elsewhere, is_elsewhere, stands
from branchline.flows.project import Project
from branchline.ports.tracker import TrackedVersion
from branchline.testing.tracker import FakeTracker

if TYPE_CHECKING:
    from collections.abc import Mapping

A, B = "a" * 40, "b" * 40


def project_of(
    tracker: FakeTracker, *, kind: str = "mlflow", baseline: str = "production"
) -> Project:
    policy = Policy(model="m", gate=Gate(baseline=baseline), sections={"registry": {"kind": kind}})
    return Project(
        root="/x", state_dir="/x", ports={"policy": lambda: policy, "tracker": lambda: tracker}
    )


def tracker_of(held: Mapping[str, str]) -> FakeTracker:
    tracker = FakeTracker()
    for version, commit in (("v1.0.0", A), ("v1.0.1", B)):
        shown = TrackedVersion(model="m", version=version, commit=commit)
        tracker.show_version(shown, run_id="r")
    tracker.show_stages("m", held)
    return tracker


def test_git_alone_is_asked_by_itself() -> None:
    assert not is_elsewhere(project_of(FakeTracker(), kind="git"))
    assert is_elsewhere(project_of(FakeTracker()))


@pytest.mark.parametrize(
    ("held", "baseline", "found"),
    [
        pytest.param({}, "production", {}, id="nobody"),
        pytest.param({"production": "v1.0.1"}, "production", {"production": B}, id="production"),
        pytest.param({"staging": "v1.0.0"}, "production", {"staging": A}, id="staging-after-it"),
        pytest.param({"production": "v1.0.0"}, "qa", {}, id="only-what-the-gate-names"),
    ],
)
def test_who_holds_what_there(
    held: Mapping[str, str], baseline: str, found: Mapping[str, str]
) -> None:
    project = project_of(tracker_of(held), baseline=baseline)

    assert holders_elsewhere(project) == (found, "")


def test_a_server_that_is_down_leaves_git_to_be_asked() -> None:
    tracker = tracker_of({"production": "v1.0.0"})
    tracker.error = EffectError("no answer")

    assert holders_elsewhere(project_of(tracker)) == (
        {}, "mlflow was not asked (no answer), git's tags were",
    )  # fmt: skip


COMPARED = Gate(metrics=(MetricRule(name="m", max_regression=0.1),))


def recorded(key: str, data: str = "d") -> Evidence:
    return Evidence(
        stages=(StageFacts(stage="test", action="run", key=key, run="r"),), evaluation_data=data
    )


@pytest.mark.parametrize(
    ("gate", "champion", "kind", "is_enough"),
    [
        pytest.param(COMPARED, recorded("k"), "metric", True, id="equal-keys"),
        pytest.param(COMPARED, recorded("other"), "metric", False, id="another-key"),
        pytest.param(COMPARED, recorded("k", "e"), "metric", False, id="other-data"),
        pytest.param(COMPARED, recorded(""), "metric", False, id="no-key"),
        pytest.param(COMPARED, None, "metric", True, id="no-champion"),
        pytest.param(COMPARED, recorded("other"), "data", True, id="no-numbers-of-our-own"),
        pytest.param(
            Gate(metrics=(MetricRule(name="m", min=0.1),)),
            recorded("other"),
            "metric",
            True,
            id="nobody-asks",
        ),
        pytest.param(
            Gate(metrics=(MetricRule(name="m", min_gain=0.0),)),
            recorded("other"),
            "metric",
            False,
            id="a-gain-is-asked-for",
        ),
    ],
)
def test_when_recorded_numbers_will_do(
    gate: Gate, champion: Evidence | None, kind: str, is_enough: bool
) -> None:
    out = Produced(path="m.json", spelled="m.json", content=Content(md5="1"), kind=kind)
    result = Result(key="k", stage="test", inputs=(), outs=(out,), entry=LockEntry(cmd="test"))

    assert stands(gate, [result], champion, Evidence(evaluation_data="d")) is is_enough
