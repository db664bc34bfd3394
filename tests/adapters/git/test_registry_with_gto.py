"""Beside the real GTO (it comes with DVC): each reads what the other wrote."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.git import Git
from branchline.adapters.git.registry import GitRegistry
from branchline.testing.registry import BY, new_version

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., str]
    Make = Callable[..., Path]

pytestmark = [pytest.mark.peers, pytest.mark.slow]

HOUSE = Path(__file__).parents[3]
# What `gto show` shows: versions and who holds which stage, in the order of time.
STATES = """
import json, sys
from gto.constants import VersionSort
from gto.registry import GitRegistry

for root in sys.argv[1:]:
    with GitRegistry.from_url(root) as registry:
        found = registry.get_state().get_artifacts()
    said = {}
    for name, model in found.items():
        stages = model.get_vstages(
            registered_only=True, assignments_per_version=-1, versions_per_stage=1,
            sort=VersionSort.Timestamp,
        )
        said[name] = {
            "is_retired": not model.is_active,
            "versions": sorted(v.version for v in model.get_versions()),
            "stages": {stage: held[0].version for stage, held in stages.items()},
        }
    print(json.dumps(said))
"""


@pytest.fixture(scope="session")
def gto_python() -> str:
    candidates = [os.environ.get("BRANCHLINE_PEERS_PYTHON"), str(HOUSE / ".venv-peers/bin/python")]
    python = next((path for path in candidates if path and os.path.exists(path)), None)
    if python is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the peers' environment is missing: make peers")
        pytest.skip("no peers' environment: make peers, or set BRANCHLINE_PEERS_PYTHON")
    return python


def run(python: str, *words: str, cwd: Path) -> str:
    done = subprocess.run([python, *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def gto(python: str, root: Path, *words: str) -> str:
    # Of whoever makes a tag GTO wants a name, and reads it from git's settings alone.
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        subprocess.run(["git", "config", name, value], cwd=root, check=True)
    return run(python, "-c", "import sys; from gto.cli import app; app()", *words, cwd=root)


def commits_of(git: Run, root: Path, count: int, **dates: str) -> list[str]:
    made = []
    for number in range(count):
        git(root, "commit", "-q", "--allow-empty", "-m", f"c{number}", **dates)
        made.append(git(root, "rev-parse", "HEAD"))
    return made


def test_gto_reads_ours(gto_python: str, clone_of: Make, git: Run) -> None:
    root = clone_of("ours")
    commits = commits_of(git, root, 3)
    registry = GitRegistry(Git.open(str(root)))
    for commit in commits:
        registry.register(new_version(commit, model="tumour-classifier", digest=commit))
    for version, stage in (
        ("v1.0.0", "production"),
        ("v1.0.1", "production"),
        ("v1.0.2", "staging"),
        ("v1.0.0", "production"),
    ):
        registry.assign("tumour-classifier", version, stage, by=BY, reason="rollback of v1.0.1")

    shown = json.loads(gto(gto_python, root, "show", "--json"))
    history = json.loads(gto(gto_python, root, "history", "--json"))

    assert shown["tumour-classifier"] == {
        "version": "v1.0.2",
        "stage": {"production": "v1.0.0", "staging": "v1.0.2"},
        "registered": True,
        "active": True,
    }
    # Newest first: GTO, too, sees our events in the order in which they were made.
    assert [(e["event"], e["version"], e["stage"]) for e in history] == [
        ("assignment", "v1.0.0", "production"),
        ("assignment", "v1.0.2", "staging"),
        ("assignment", "v1.0.1", "production"),
        ("assignment", "v1.0.0", "production"),
        ("registration", "v1.0.2", None),
        ("registration", "v1.0.1", None),
        ("registration", "v1.0.0", None),
    ]


def test_ours_reads_gto_and_goes_on(gto_python: str, clone_of: Make, git: Run) -> None:
    root = clone_of("theirs")
    first, second = commits_of(git, root, 2)
    gto(gto_python, root, "register", "m", first, "--version", "v3.0.0")
    gto(gto_python, root, "assign", "m", "--version", "v3.0.0", "--stage", "production")
    registry = GitRegistry(Git.open(str(root)))

    (theirs,) = registry.versions("m")
    ours, _ = registry.register(new_version(second))
    registry.assign("m", "v3.0.1", "production", by=BY)

    assert (theirs.version, theirs.commit, theirs.stages) == ("v3.0.0", first, ("production",))
    assert theirs.asked is None
    assert ours.version == "v3.0.1"
    assert [event.number for event in registry.history("m")] == [1, 2]
    assert json.loads(gto(gto_python, root, "show", "--json"))["m"]["stage"] == {
        "production": "v3.0.1"
    }


def random_tags(rng: random.Random, commits: list[str]) -> list[tuple[str, str]]:
    """Tags that GTO could have made, in order, each name once."""
    tags: dict[str, str] = {}
    version_at = {commit: f"v1.{number}.0" for number, commit in enumerate(commits)}
    registered: list[str] = []
    for counter in range(1, rng.randint(3, 14)):
        commit = rng.choice(commits)
        word = rng.choice(["new", "new", "take", "back", "give", "give", "give", "stop"])
        if word == "new" and commit not in registered:
            registered.append(commit)
            tags[f"m@{version_at[commit]}"] = commit
        elif commit not in registered:
            continue
        elif word == "take":
            tags.setdefault(f"m@{version_at[commit]}!", commit)
        elif word == "back":
            tags[f"m#{rng.choice(['production', 'staging'])}!#{counter}"] = commit
        elif word == "give":
            tags[f"m#{rng.choice(['production', 'staging'])}#{counter}"] = commit
        elif word == "stop" and rng.random() < 0.4:
            tags[f"m@deprecated#{counter}"] = commit
    return list(tags.items())


def test_both_say_the_same_of_any_tags(gto_python: str, clone_of: Make, git: Run) -> None:
    rng = random.Random(7)
    roots = []
    # To GTO the making of a commit is an event too: it must lie before the tags.
    early = {f"GIT_{who}_DATE": "1600000000 +0000" for who in ("AUTHOR", "COMMITTER")}
    for number in range(30):
        root = clone_of(f"r{number}")
        commits = commits_of(git, root, 3, **early)
        for moment, (name, commit) in enumerate(random_tags(rng, commits)):
            date = f"{1_700_000_000 + 60 * moment} +0000"
            git(root, "tag", "-a", "-m", "x", name, commit, GIT_COMMITTER_DATE=date)
        roots.append(root)

    said = run(gto_python, "-c", STATES, *map(str, roots), cwd=roots[0]).splitlines()

    assert len(said) == len(roots)
    for root, line in zip(roots, said, strict=True):
        theirs: dict[str, Any] = json.loads(line).get("m", {})
        versions = GitRegistry(Git.open(str(root))).versions("m")
        if theirs.get("is_retired", True):
            assert all(version.is_retired for version in versions), (root, git(root, "tag"))
            continue
        live = [version for version in versions if not version.is_retired]
        stages = {stage: version.version for version in versions for stage in version.stages}
        tags = git(root, "for-each-ref", "--format=%(refname) %(taggerdate:unix)", "refs/tags")
        assert sorted(v.version for v in live) == theirs["versions"], tags
        assert stages == theirs["stages"], tags
