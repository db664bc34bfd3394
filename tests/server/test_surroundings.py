"""What the runner of a job finds in its environment."""

from __future__ import annotations

import pytest

from branchline.errors import ConfigError
from branchline.flows.job_settings import JobSettings, job_settings
from branchline.server.surroundings import runner_environment

OUTER = {
    "PATH": "/bin",
    "HOME": "/home/ada",
    "LC_ALL": "C",
    "GIT_DIR": ".",
    "GIT_SSH_COMMAND": "evil",
    "SSH_AUTH_SOCK": "/tmp/s",
    "AWS_SECRET_ACCESS_KEY": "s3cret",
    "TOKEN": "t0ken",
    "DATA": "/data",
    "BRANCHLINE_JOB": "of another",
}


def environ(**more: object) -> dict[str, str]:
    """The environment of a job of an open branch."""
    given = {"is_protected": False, **more}
    settings = given.pop("settings", JobSettings(secrets=("TOKEN",)))
    return runner_environment(OUTER, settings, mark="m", **given)  # type: ignore[arg-type] # as declared


def test_nothing_but_the_list_gets_through() -> None:
    assert environ() == {
        "PATH": "/bin",
        "HOME": "/home/ada",
        "LC_ALL": "C",
        "BRANCHLINE_JOB": "m",
    }


def test_secrets_are_for_protected_branches_even_where_they_are_declared() -> None:
    assert "TOKEN" not in environ(declared=["TOKEN", "DATA"])
    assert environ(declared=["DATA"])["DATA"] == "/data"
    assert environ(is_protected=True)["TOKEN"] == "t0ken"


def test_git_and_ssh_never_get_through() -> None:
    settings = JobSettings(variables=("GIT_DIR", "SSH_AUTH_SOCK"))

    assert not {"GIT_DIR", "SSH_AUTH_SOCK"} & set(environ(settings=settings))


@pytest.mark.parametrize(
    ("box", "word"),
    [
        pytest.param({"environments": "yes"}, "environments", id="environments"),
        pytest.param({"submodules": "fetch"}, "submodules", id="submodules"),
        pytest.param({"secrets": "TOKEN"}, "secrets", id="a-text-for-a-list"),
        pytest.param({"cpus": 0}, "cpus", id="no-cpus"),
        pytest.param({"jobs": True}, "jobs", id="a-truth-value"),
    ],
)
def test_settings_that_make_no_sense_are_named(box: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        job_settings(box)  # type: ignore[arg-type] # on purpose
