"""The judges see what they are there for, and are content with a sound workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rig.judges import Judge

SOUND = """\
name: sound
run-name: sound
on:
  push:
permissions: {}
concurrency:
  group: sound-${{ github.ref }}
  cancel-in-progress: false
jobs:
  only:
    name: only
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - name: say
        env:
          BRANCH: ${{ github.ref_name }}
        run: printf '%s\\n' "$BRANCH"
"""


MISTAKES = {
    "a-label-that-no-runner-has": ("ubuntu-24.04", "gpu", "language service"),
    "a-secret-that-is-not-there": ("github.ref_name", "secrets.KEY", "KEY"),
    "a-variable-that-is-not-there": ("github.ref_name", "vars.REGION", "REGION"),
    "wide-permissions": ("permissions: {}", "permissions: write-all", "zizmor"),
    "a-word-without-quotes": ('"$BRANCH"', "$BRANCH", "shellcheck"),
    "injection": ('"$BRANCH"', "${{ github.ref_name }}", "template-injection"),
    "a-key-that-does-not-exist": ("runs-on", "run-on", "schema"),
}


@pytest.fixture(scope="module")
def findings(judge: Judge) -> list[str]:
    """What is found in a repository for each mistake, and in a sound one; all in one call."""
    texts = {name: SOUND.replace(old, new, 1) for name, (old, new, _) in MISTAKES.items()}
    texts["sound"] = SOUND
    return judge({f"{name}/.github/workflows/w.yml": text for name, text in texts.items()})


def test_a_sound_workflow_is_clean(findings: list[str]) -> None:
    assert [line for line in findings if " sound/" in line] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(findings: list[str], mistake: str) -> None:
    said = MISTAKES[mistake][2]

    assert [line for line in findings if f" {mistake}/" in line and said in line], findings


def test_names_that_exist_are_accepted_and_no_yaml_is_not(judge: Judge) -> None:
    text = SOUND.replace("ubuntu-24.04", "[self-hosted, gpu]").replace(
        "github.ref_name", "vars.REGION"
    )

    found = judge(text, labels=["self-hosted", "gpu"], variables=["REGION"])

    assert [line for line in found if "self-hosted-runner" not in line] == []
    assert any(line.startswith("zizmor: ") for line in judge("jobs: [\n"))
