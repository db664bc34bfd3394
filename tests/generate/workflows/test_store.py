"""The place where outputs are kept: who is let in, what is installed, what is said of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

if str(HOUSE := Path(__file__).parents[3]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.generate.workflows.combinations import ROLE, asked_of

FILE = ".github/workflows/branchline.yml"
KEYS = "github: {secrets: [AWS_ACCESS_KEY_ID, WANDB_KEY, GOOGLE_X], variables: [AWS_REGION_NAME]}\n"
TAKES = f"github: {{aws: {{role: '{ROLE}', region: eu-central-1}}}}\n"


def jobs(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(asked_of(f"model: m\n{text}").files[FILE])["jobs"]
    return found


def variables(job: dict[str, Any]) -> set[str]:
    names = {name for step in job["steps"] for name in step.get("env", {})}
    return names - {"GITHUB_TOKEN", "MODEL"}


@pytest.mark.parametrize(
    ("store", "names"),
    [
        pytest.param("s3://b/x", {"AWS_ACCESS_KEY_ID", "AWS_REGION_NAME"}, id="s3"),
        pytest.param("gs://b/x", {"GOOGLE_X"}, id="google"),
        pytest.param("/mnt/x", set(), id="a-folder"),
        pytest.param("https://h/x", set(), id="http"),
    ],
)
def test_only_trainings_and_the_registration_are_let_in(store: str, names: set[str]) -> None:
    made = jobs(f"store: '{store}'\n{KEYS}")

    assert variables(made["register"]) == names
    assert names <= variables(made["train"])
    for name, job in made.items():
        if name not in ("train", "register"):
            assert not variables(job) & {"AWS_ACCESS_KEY_ID", "GOOGLE_X"}, name


def test_without_a_store_the_registration_is_let_in_nowhere() -> None:
    assert variables(jobs(KEYS)["register"]) == set()


@pytest.mark.parametrize(("store", "takes"), [("s3://b/x", True), ("gs://b/x", False)])
def test_the_role_is_taken_where_it_opens_the_store(store: str, takes: bool) -> None:
    made = jobs(f"store: '{store}'\n{TAKES}")["register"]

    assert (made["permissions"].get("id-token") == "write") == takes
    assert ("AWS_SHARED_CREDENTIALS_FILE" in variables(made)) == takes


@pytest.mark.parametrize(
    ("store", "library"),
    [("s3://b", "s3fs"), ("gs://b", "gcsfs"), ("az://c", "adlfs"), ("sftp://h/x", "sshfs")],
)
def test_what_reaches_the_store_is_installed_where_it_is_needed(store: str, library: str) -> None:
    files = asked_of(f"model: m\nstore: '{store}'\n").files
    made = yaml.safe_load(files[FILE])["jobs"]

    assert files[".github/branchline/requirements.txt"].splitlines()[-1] == library
    for name in ("train", "register"):
        assert library in " ".join(step.get("run", "") for step in made[name]["steps"]), name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "no `store:` in branchline.yaml", id="none"),
        pytest.param(f"store: 's3://b'\n{KEYS}", "", id="one"),
        pytest.param(f"store: 's3://b'\n{TAKES}", "", id="one-that-a-role-opens"),
        pytest.param(
            "store: 's3://b'\n",
            "secrets: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]",
            id="one-that-nobody-opens",
        ),
        pytest.param(
            "store: 's3://b'\nresources: {train: {runs_on: [our-box]}}\n",
            "",
            id="own-machines-have-what-opens-it",
        ),
        pytest.param("store: 'ssh://h/x'\n", "", id="keys-of-ssh-are-files"),
        pytest.param("store: 'https://h/x'\n", "only read", id="nothing-is-sent-there"),
        pytest.param(
            "store: 's3://b'\ngithub: {requirements: ci/r.txt, secrets: [AWS_KEY]}\n",
            "`s3fs` must be in ci/r.txt",
            id="own-requirements",
        ),
        pytest.param("branches: {'**': {do: train}}\n", "", id="registers-nothing"),
    ],
)
def test_whoever_writes_the_workflows_is_told(text: str, said: str) -> None:
    notes = [note for note in asked_of(f"model: m\n{text}").notes if "store" in note]

    assert len(notes) == bool(said)
    assert said in "".join(notes)


@pytest.mark.parametrize("url", ["s3://b/x", "gs://b/x", "azure://c/x", "ssh://h/x"])
def test_a_remote_of_dvc_is_a_store_of_the_same_address(url: str) -> None:
    text = f"model: m\n{KEYS}"

    of_dvc, named = asked_of(text, remote=url), asked_of(f"{text}store: '{url}'\n")

    assert of_dvc.files == named.files
    assert of_dvc.notes == named.notes


def test_what_the_settings_name_goes_before_dvcs_remote() -> None:
    both = asked_of(f"model: m\nstore: 's3://b'\n{KEYS}", remote="gs://b/x")

    assert both.files == asked_of(f"model: m\nstore: 's3://b'\n{KEYS}").files
