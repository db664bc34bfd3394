"""`branchline deploy`, as a user types it: what stands where, and what does not hold."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.test_registry_commands import FILES as PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone, Said

    Make = Callable[[Mapping[str, str]], Clone]

pytestmark = pytest.mark.slow

DEPLOY = """\
deploy:
  staging: {run: sh deploy.sh, smoke: sh smoke.sh, secrets: [STAGING_TOKEN]}
  production: {needs: staging, run: sh deploy.sh, secrets: [LIVE_TOKEN]}
"""
FILES = PROJECT | {
    "branchline.yaml": PROJECT["branchline.yaml"] + DEPLOY,
    ".gitignore": PROJECT[".gitignore"] + "site/\n",
    "deploy.sh": """\
set -eu
mkdir -p site
echo "$BRANCHLINE_VERSION over ${BRANCHLINE_PREVIOUS_VERSION:-nothing}" \\
  >> "site/$BRANCHLINE_ENVIRONMENT.calls"
echo "tokens: ${STAGING_TOKEN:-none} ${LIVE_TOKEN:-none}"
if [ -e site/hang ]; then touch site/hangs; sleep 60; fi
[ ! -e "site/broken-$BRANCHLINE_VERSION" ]
if [ -n "$BRANCHLINE_MODEL_PATH" ]; then
  cat "$BRANCHLINE_MODEL_PATH/model.pkl" > "site/$BRANCHLINE_ENVIRONMENT"
fi
""",
    "smoke.sh": "! grep -q 'depth: 66' site/$BRANCHLINE_ENVIRONMENT\n",
}
TAGS = ["tumour#production#2", "tumour#staging#1", "tumour@v1.0.0"]


@pytest.fixture
def clone(make_clone: Make) -> Clone:
    """One registered version, deployed nowhere."""
    clone = make_clone(FILES)
    train(clone, 3)
    return clone


def train(clone: Clone, depth: int) -> None:
    """Train with a depth, commit, and register."""
    clone.write("params.yaml", f"depth: {depth}\n")
    assert clone.call("run").code == 0
    clone.commit(f"depth {depth}")
    assert clone.call("run").code == 0
    rule = "branches: {main: {do: train, then: [register]}}\n"
    clone.write("branchline.yaml", FILES["branchline.yaml"] + rule)
    assert clone.call("apply").code == 0
    clone.git("checkout", "branchline.yaml")


def site(clone: Clone, name: str) -> str:
    """What stands in the site's folder under a name; "" for nothing."""
    path = clone.root / "site" / name
    return path.read_text() if path.exists() else ""


def tags(clone: Clone) -> list[str]:
    return clone.git("tag").splitlines()


def states(said: Said) -> dict[str, str]:
    found: list[dict[str, Any]] = json.loads(said.out)["environments"]
    return {one["environment"]: one["state"] for one in found}


def test_all_environments_get_the_newest_version_that_passed_and_once(clone: Clone) -> None:
    dry = clone.call("deploy", "--dry-run")
    assert dry.code == 0
    assert "would deploy tumour@v1.0.0 to `production`: `sh deploy.sh`, without a smoke" in dry.out
    assert tags(clone) == ["tumour@v1.0.0"]
    assert site(clone, "staging.calls") == ""

    said = clone.call("deploy")

    assert said.code == 0, said
    assert said.out.endswith(
        "tumour@v1.0.0 stands in `staging`.\ntumour@v1.0.0 stands in `production`.\n"
    )
    assert site(clone, "staging") == site(clone, "production") == "depth: 3\nx,y\n1,2\n"
    assert tags(clone) == TAGS
    assert "production, staging" in clone.call("models").out
    again = clone.call("deploy", "--json")
    assert (again.code, states(again)) == (0, {"staging": "stands", "production": "stands"})
    assert site(clone, "staging.calls") == "v1.0.0 over nothing\n"
    assert tags(clone) == TAGS


def test_a_version_that_does_not_hold_is_rolled_back_and_held(clone: Clone) -> None:
    assert clone.call("deploy").code == 0
    good = site(clone, "staging")
    train(clone, 66)

    said = clone.call("deploy")

    assert said.code == 3
    assert "tumour@v1.0.1 did not hold in `staging`: smoke: exit code 1;" in said.out
    assert "tumour@v1.0.0 stands there again.\n`production` is untouched" in said.out
    assert site(clone, "staging") == site(clone, "production") == good
    assert site(clone, "staging.calls").splitlines() == [
        "v1.0.0 over nothing", "v1.0.1 over v1.0.0", "v1.0.0 over v1.0.1",
    ]  # fmt: skip
    assert tags(clone) == [*TAGS, "tumour@v1.0.1"]

    held = clone.call("deploy", "staging", "--json")
    assert (held.code, states(held)) == (3, {"staging": "held"})
    assert len(site(clone, "staging.calls").splitlines()) == 3
    assert clone.call("deploy", "staging", "--version", "v1.0.0").code == 0
    retried = clone.call("deploy", "staging", "--retry", "--json")
    assert (retried.code, states(retried)) == (3, {"staging": "rolled_back"})

    # Other files are not held.
    train(clone, 4)
    better = clone.call("deploy", "--json")
    assert (better.code, states(better)) == (0, {"staging": "deployed", "production": "deployed"})
    assert json.loads(better.out)["environments"][0]["version"] == "v1.0.2"


def test_a_rollback_that_fails_leaves_nothing_that_counts_as_known(clone: Clone) -> None:
    assert clone.call("deploy").code == 0
    train(clone, 66)
    (clone.root / "site" / "broken-v1.0.0").touch()

    said = clone.call("deploy", "staging")

    assert said.code == 1
    assert "the rollback failed, too (exit code 1): what stands in `staging` is not" in said.out
    assert "--version v1.0.0`" in said.out
    # Nor does who comes later hear that the version before stands there.
    later = clone.call("deploy", "staging")
    assert later.code == 1
    assert "is held: it did not hold in `staging`" in later.out
    assert "what stands in `staging` is not known. Look there, then `branchline" in later.out
    assert "it has tumour@" not in later.out
    (clone.root / "site" / "broken-v1.0.0").unlink()
    # The tag says v1.0.0, and nobody believes it.
    mended = clone.call("deploy", "staging", "--version", "v1.0.0", "--retry")
    assert mended.code == 0, mended
    assert site(clone, "staging.calls").splitlines()[-1].startswith("v1.0.0")
    assert clone.call("deploy", "production").code == 0


def test_a_first_version_that_does_not_hold(clone: Clone) -> None:
    (clone.root / "site").mkdir()
    (clone.root / "site" / "broken-v1.0.0").touch()

    said = clone.call("deploy")

    assert said.code == 3
    assert "nothing stood there before, and there is no `rollback` command" in said.out
    assert tags(clone) == ["tumour@v1.0.0"]


def test_a_rollback_command_of_its_own(make_clone: Make) -> None:
    text = FILES["branchline.yaml"].replace(
        "smoke: sh smoke.sh", "smoke: sh smoke.sh, rollback: sh back.sh"
    )
    back = 'echo "back to ${BRANCHLINE_VERSION:-nothing}" >> site/back\n'
    clone = make_clone(FILES | {"branchline.yaml": text, "back.sh": back})
    clone.write("params.yaml", "depth: 66\n")
    assert clone.call("run").code == 0
    clone.commit("trained")
    assert clone.call("run").code == 0

    # `then: [register, deploy]` is the default: what is applied is deployed.
    applied = clone.call("apply")

    assert applied.code == 1
    assert "failed: deploy tumour to staging, then production: tumour@v1.0.0 did not" in applied.out
    assert "it was taken back" in applied.out
    assert site(clone, "back") == "back to nothing\n"


def test_each_environment_gets_its_own_secrets_and_none_is_shown(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGING_TOKEN", "staging-secret")
    monkeypatch.setenv("LIVE_TOKEN", "live-secret")

    said = clone.call("deploy")

    lines = [line for line in said.out.splitlines() if "tokens:" in line]
    assert lines == ["  | tokens: *** none", "  | tokens: none ***"]
    kept = "".join(p.read_text() for p in (clone.root / ".branchline/logs").glob("tumour.*.log"))
    assert "tokens: *** none" in kept
    records = clone.git("for-each-ref", "--format=%(objectname)", "refs/branchline/deployments")
    shown = "".join(clone.git("cat-file", "blob", name) for name in records.split())
    assert "secret" not in kept + shown + said.out + said.err


def test_only_the_default_branch_as_it_is_committed(clone: Clone) -> None:
    clone.write("deploy.sh", "echo edited\n")
    edited = clone.call("deploy")
    assert (edited.code, "deploy.sh is changed here" in edited.err) == (1, True)
    clone.git("checkout", "deploy.sh")
    clone.git("checkout", "-q", "-b", "other")
    other = clone.call("deploy")
    assert (other.code, "only `main` is deployed from, and this is `other`" in other.err) == (
        1,
        True,
    )
    clone.git("checkout", "-q", "--detach", "main")
    assert clone.call("deploy", "--dry-run").code == 0
    assert tags(clone) == ["tumour@v1.0.0"]


@pytest.mark.parametrize(
    ("deploy", "words"),
    [
        pytest.param(
            "deploy:\n  staging:\n    run: x\n    strategy: canary\n",
            "branchline.yaml:6: deploy.staging.strategy: is `canary`",
            id="strategy",
        ),
        pytest.param(
            "deploy: {staging: {run: x}}\nregistry: {aliases: [live]}\n",
            "branchline.yaml:3: deploy.staging: is no stage of the registry",
            id="stage",
        ),
        pytest.param(
            "deploy:\n  staging:\n    run: x\n    timeout: 0s\n",
            "branchline.yaml:6: deploy.staging.timeout: is the text '0s', must be a duration above",
            id="no-time-at-all",
        ),
        pytest.param("", "has no section `deploy` for tumour", id="no-section"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_at_its_line(
    make_clone: Make, deploy: str, words: str
) -> None:
    clone = make_clone(PROJECT | {"branchline.yaml": PROJECT["branchline.yaml"] + deploy})

    said = clone.call("deploy")

    assert said.code == 1
    assert words in said.err
    assert "hint: " in said.err


def test_what_is_asked_must_be_there(clone: Clone) -> None:
    near = clone.call("deploy", "stagin")
    assert (near.code, "Did you mean `staging`?" in near.err) == (2, True)
    none = clone.call("deploy", "--version", "v9.0.0")
    assert (none.code, "no version v9.0.0" in none.err) == (2, True)
    early = clone.call("deploy", "production", "--version", "v1.0.0")
    assert (early.code, "before it stands in `staging`, which has no version" in early.err) == (
        1, True,
    )  # fmt: skip
    empty = clone.call("deploy", "production")
    assert (empty.code, "that has no version of tumour yet" in empty.err) == (1, True)
    fine = clone.call("deploy", "production", "--if-any", "--json")
    assert (fine.code, states(fine)) == (0, {"production": "nothing"})


def test_a_command_that_writes_into_the_folder_spoils_no_version(clone: Clone) -> None:
    # Root may write what is read only, as in most containers; nobody else may.
    clone.write("deploy.sh", 'echo spoilt >> "$BRANCHLINE_MODEL_PATH/model.pkl"; exit 0\n')
    clone.commit("a command that writes")
    assert clone.call("deploy", "staging").code in (0, 3)

    assert clone.call("registry", "verify", "tumour").code == 0
    clone.write("deploy.sh", FILES["deploy.sh"])
    clone.commit("as before")
    assert clone.call("deploy", "staging", "--again", "--retry").code == 0
    assert site(clone, "staging") == "depth: 3\nx,y\n1,2\n"


def test_versions_that_were_deleted_are_said(clone: Clone) -> None:
    assert clone.call("deploy").code == 0
    clone.git("tag", "-d", "tumour@v1.0.0")

    said = clone.call("deploy", "staging", "--version", "v1.0.0")

    assert said.code == 2
    assert "no version of `tumour` is registered any more" in said.err
    assert "Did you mean" not in said.err


def test_damaged_files_are_deployed_nowhere(clone: Clone) -> None:
    found = clone.call("show", "tumour@v1.0.0", "--json").out
    digest = json.loads(found)["files"][0]["digest"]
    spoilt = clone.root / ".branchline/store/files/md5" / digest[:2] / digest[2:]
    spoilt.chmod(0o644)
    spoilt.write_bytes(spoilt.read_bytes().replace(b"1", b"2"))
    spoilt.chmod(0o444)

    said = clone.call("deploy")

    assert said.code == 1
    assert "model.pkl" in said.err
    assert site(clone, "staging.calls") == ""
    assert tags(clone) == ["tumour@v1.0.0"]


def test_a_version_that_a_person_promoted_is_deployed_all_the_same(clone: Clone) -> None:
    assert clone.call("promote", "tumour", "v1.0.0", "staging").code == 0

    said = clone.call("deploy", "staging", "--json")

    assert states(said) == {"staging": "deployed"}
    assert site(clone, "staging.calls") == "v1.0.0 over nothing\n"
    assert states(clone.call("deploy", "staging", "--json")) == {"staging": "stands"}


def test_what_was_only_promoted_goes_no_further(clone: Clone) -> None:
    assert clone.call("promote", "tumour", "v1.0.0", "staging").code == 0

    said = clone.call("deploy", "production")

    assert said.code == 1
    assert "was given tumour@v1.0.0 and nobody deployed it there" in said.err
    assert site(clone, "production.calls") == ""


def test_production_goes_back_alone_and_again(clone: Clone) -> None:
    assert clone.call("deploy").code == 0
    train(clone, 4)
    assert clone.call("deploy").code == 0

    back = clone.call("deploy", "production", "--version", "v1.0.0")
    again = clone.call("deploy", "production", "--version", "v1.0.0", "--again", "--json")

    assert back.code == 0, back.err
    assert "tumour@v1.0.0 stands in `production` instead of tumour@v1.0.1" in back.out
    assert states(again) == {"production": "deployed"}
    assert site(clone, "production.calls").splitlines() == [
        "v1.0.0 over nothing", "v1.0.1 over v1.0.0", "v1.0.0 over v1.0.1", "v1.0.0 over nothing",
    ]  # fmt: skip
    assert len([tag for tag in tags(clone) if "#production#" in tag]) == 3
    # Where it stood already there is nothing to go back to.
    (clone.root / "site" / "broken-v1.0.0").touch()
    lost = clone.call("deploy", "production", "--version", "v1.0.0", "--again")
    assert lost.code == 1
    assert "there is nothing to go back to: what stands there now is not known" in lost.out
    # What `production` waits for is what `staging` has.
    assert states(clone.call("deploy", "--json")) == {
        "staging": "stands", "production": "deployed",
    }  # fmt: skip


def killed(clone: Clone) -> None:
    """A deployment whose process is killed while its command runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "branchline", "deploy"],
        cwd=clone.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not (clone.root / "site" / "hangs").exists():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_while_the_command_runs_it_goes_on(clone: Clone) -> None:
    assert clone.call("deploy").code == 0
    train(clone, 4)
    (clone.root / "site" / "hang").touch()
    killed(clone)
    (clone.root / "site" / "hang").unlink()

    # What stands there is not known: also the version that the registry names is deployed again.
    back = clone.call("deploy", "staging", "--version", "v1.0.0", "--json")
    assert states(back) == {"staging": "deployed"}
    assert "v1.0.1 to `staging`, begun" in back.err
    assert "did not say how it ended; the command runs again" in back.err
    assert tags(clone) == [*TAGS, "tumour@v1.0.1"]

    said = clone.call("deploy")
    assert said.code == 0, said
    assert [tag for tag in tags(clone) if "#" in tag] == [
        "tumour#production#2", "tumour#production#4", "tumour#staging#1", "tumour#staging#3",
    ]  # fmt: skip


def test_killed_after_the_tag_nothing_runs_again(clone: Clone) -> None:
    assert clone.call("deploy", "staging").code == 0
    names = clone.git("for-each-ref", "--format=%(refname)", "refs/branchline/deployments")
    (ended,) = [name for name in names.split() if name.endswith("/ended")]
    clone.git("update-ref", "-d", ended)

    said = clone.call("deploy", "staging", "--json")

    assert states(said) == {"staging": "stands"}
    assert site(clone, "staging.calls") == "v1.0.0 over nothing\n"
    again = clone.git("for-each-ref", "--format=%(refname)", "refs/branchline/deployments")
    assert again == names


def test_killed_at_any_moment_no_tag_is_made_twice(clone: Clone) -> None:
    moments = random.Random(7)
    began = time.monotonic()
    assert clone.call("deploy", "--dry-run").code == 0
    whole_s = 4 * (time.monotonic() - began) + 1.0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-m", "branchline", "deploy"],
            cwd=clone.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(moments.uniform(0.1, whole_s))
        process.kill()
        process.wait()

    said = clone.call("deploy", "--json")

    assert said.code == 0, said
    assert set(states(said).values()) <= {"deployed", "stands"}
    assert tags(clone) == TAGS
    assert set(site(clone, "staging.calls").splitlines()) == {"v1.0.0 over nothing"}
    assert states(clone.call("deploy", "--json")) == {"staging": "stands", "production": "stands"}
    assert [path.suffix for path in (clone.root / ".branchline/deploy/now").iterdir()] == [
        ".lock", ".lock",
    ]  # fmt: skip


def test_two_at_once_are_one(clone: Clone) -> None:
    (clone.root / "site").mkdir()
    (clone.root / "site" / "hang").touch()
    first = subprocess.Popen(
        [sys.executable, "-m", "branchline", "deploy", "staging"],
        cwd=clone.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not (clone.root / "site" / "hangs").exists():
            assert first.poll() is None
            time.sleep(0.02)

        second = clone.call("deploy", "staging")

        assert second.code == 1
        assert "another process of this machine deploys to tumour.staging" in second.err
        # Ctrl-C ends the command, too; the version stands nowhere.
        first.send_signal(signal.SIGINT)
        assert first.wait(30) == 130
        assert tags(clone) == ["tumour@v1.0.0"]
    finally:
        first.kill()
        first.wait()


def test_a_reader_that_goes_away_stops_no_deployment(clone: Clone) -> None:
    # As in `branchline deploy | head -1`.
    reader, writer = os.pipe()
    os.close(reader)
    try:
        subprocess.run(
            [sys.executable, "-m", "branchline", "deploy"],
            cwd=clone.root, stdout=writer, stderr=writer, check=False,
        )  # fmt: skip
    finally:
        os.close(writer)

    said = clone.call("deploy", "--json")

    assert states(said) == {"staging": "stands", "production": "stands"}
    assert tags(clone) == TAGS
