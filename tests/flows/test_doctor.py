"""What `doctor` makes of the machines that people have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.flows.doctor import Check, Health, examine
from branchline.ports.checkup import Facts

HEALTHY = Facts(
    git_version=(2, 39, 5),
    root="/home/ada/model",
    user="Ada <ada@example.org>",
    has_commits=True,
    python="3.11.7",
    own_python="3.12.1",
    free_bytes=80_000_000_000,
    store=".dvc/cache",
    has_dvc=True,
    can_reflink=True,
    can_hardlink=True,
    has_strace=True,
    lock_files=("uv.lock",),
    runs=3,
    gpus=("GPU 0: H200",),
    settings="branchline.yaml",
)


def check(facts: Facts, name: str) -> Check:
    """The check of that name."""
    return next(check for check in examine(facts) if check.name == name)


def test_a_healthy_machine_passes_everything() -> None:
    assert {check.health for check in examine(HEALTHY)} == {Health.PASS}


@pytest.mark.parametrize(
    ("change", "name", "health", "todo"),
    [
        pytest.param({"git_version": None}, "git", Health.FAIL, "apt install git", id="no-git"),
        pytest.param({"git_version": (2, 29, 9)}, "git", Health.FAIL, "2.30", id="old-git"),
        pytest.param({"git_version": (2, 30)}, "git", Health.PASS, "", id="oldest-good-git"),
        pytest.param({"root": None}, "repository", Health.FAIL, "git init", id="no-repository"),
        pytest.param({"has_commits": False}, "repository", Health.WARN, "commit", id="no-commit"),
        pytest.param({"user": ""}, "user", Health.WARN, "user.name", id="no-name"),
        pytest.param({"python": None}, "python", Health.WARN, "environment", id="no-python"),
        pytest.param({"free_bytes": 499_999_999}, "disk", Health.FAIL, "room", id="disk-full"),
        pytest.param({"free_bytes": 500_000_000}, "disk", Health.WARN, "room", id="disk-low"),
        pytest.param({"free_bytes": None}, "disk", Health.WARN, "df", id="disk-not-known"),
        pytest.param({"settings": ""}, "settings", Health.WARN, "init", id="no-settings"),
        pytest.param({"is_shallow": True}, "history", Health.WARN, "unshallow", id="shallow"),
        pytest.param({"lock_files": ()}, "environment", Health.WARN, "freeze", id="no-lock"),
        pytest.param({"can_reflink": False}, "store", Health.WARN, "link", id="no-reflink"),
        pytest.param({"can_reflink": None}, "store", Health.WARN, "link", id="reflink-not-known"),
        pytest.param(
            {"can_reflink": False, "cache_types": ("hardlink",), "can_hardlink": False},
            "store", Health.WARN, "cache.type", id="hard-links-wanted-and-missing",
        ),
        pytest.param(
            {"can_reflink": False, "cache_types": ("hardlink",)},
            "store", Health.PASS, "", id="hard-links-wanted-and-there",
        ),
        pytest.param(
            {"large_files": (("m.bin", 20_000_000),)},
            "large files", Health.WARN, "git rm --cached m.bin", id="large-file",
        ),
        pytest.param(
            {"stale_locks": (".git/index.lock",)},
            "locks", Health.WARN, "rm .git/index.lock", id="stale-lock",
        ),
        pytest.param({"runs": 0}, "records", Health.PASS, "", id="no-runs-yet"),
        pytest.param({"runs": None}, "records", Health.WARN, "git", id="runs-not-known"),
        pytest.param({"has_strace": False}, "tracing", Health.PASS, "", id="no-strace"),
        pytest.param({"gpus": None}, "gpu", Health.PASS, "", id="no-driver"),
        pytest.param({"gpus": ()}, "gpu", Health.WARN, "nvidia-smi", id="driver-without-device"),
    ],
)  # fmt: skip
def test_examine(change: dict[str, object], name: str, health: Health, todo: str) -> None:
    found = check(replace(HEALTHY, **change), name)  # type: ignore[arg-type] # fields by name

    assert found.health is health
    assert todo in found.todo


def test_what_is_not_fine_always_says_what_to_do() -> None:
    for found in (*examine(Facts()), *examine(Facts(git_version=(2, 40), root="/x"))):
        assert bool(found.todo) == (found.health is not Health.PASS)


WORKFLOW = b"""\
on: {push: {branches: [main]}}
jobs:
  test:
    strategy: {matrix: {python: [3.9, 3.10]}}
    runs-on: ubuntu-24.04
"""


def test_traps_in_the_teams_files_are_said_with_their_lines() -> None:
    facts = replace(
        HEALTHY,
        workflows=[(".github/workflows/a.yml", WORKFLOW)],
        trust_documents=[
            ("t.tf", b'"token.actions.githubusercontent.com:sub" = "repo:acme/tumours:*"')
        ],
        branches=["models"],
        remote_branches={"origin": ["models/ada"]},
    )

    found = {name: check(facts, name) for name in ("workflows", "trust", "branches")}

    assert {each.health for each in found.values()} == {Health.FAIL}
    assert found["workflows"].sentence == (
        ".github/workflows/a.yml:4: python: 3.10 is a number, and means 3.1"
    )
    assert found["trust"].sentence.startswith("t.tf:1: `repo:acme/tumours:*` lets every branch")
    assert found["branches"].todo == "Type: git branch -m models models/main"


def test_sound_workflows_are_counted_and_many_traps_are_not_all_shown() -> None:
    sound = replace(HEALTHY, workflows=[("a.yml", WORKFLOW.replace(b"3.10", b"'3.10'"))])
    many = replace(HEALTHY, workflows=[(f"{n}.yml", WORKFLOW) for n in range(30)])

    assert check(sound, "workflows").sentence == "1 file, and no known trap in it"
    said = [each for each in examine(many) if each.name == "workflows"]
    assert len(said) == 21
    assert said[-1].sentence == "and 10 more"
