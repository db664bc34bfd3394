"""The section `github` of branchline.yaml: what the generated workflows need to know.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.config.kinds import Choice, Flag, Key, ListOf, Number, Section, Text
from branchline.config.sections.training import COMMAND, TEXTS

if TYPE_CHECKING:
    from branchline.config.kinds import Path, Report

_NAME, _NAME_WORDS = r"[A-Za-z_][A-Za-z0-9_]*", "a name of letters, digits and `_`"
NAMES = ListOf(Text(_NAME_WORDS, _NAME))


@dataclass(frozen=True)
class HarmlessName(Text):
    """The name of a variable that does not say which code runs."""

    words: str = _NAME_WORDS
    pattern: str = _NAME

    def check(self, value: object, path: Path, report: Report) -> None:
        """See `Kind`."""
        before = len(report.problems)
        super().check(value, path, report)
        from branchline.core.secrecy import steers_programs

        if len(report.problems) == before and steers_programs(str(value)):
            report.wrong(
                path,
                f"is {value!r}, by which shells, loaders and interpreters choose what they run, so"
                " that whoever sets it would run code of theirs; give it another name, and let the"
                " command set what it needs",
            )


HARMLESS_NAMES = ListOf(HarmlessName())

_ENVIRONMENT = Text("an environment's name", r"[A-Za-z0-9][A-Za-z0-9 ._-]*")
_ROLE = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+"
_OWNER = r"@[A-Za-z0-9_-]+(?:/[A-Za-z0-9_.-]+)?"
DEFAULT_PYTHON = "3.12"

GITHUB = Section(
    {
        "style": Key(
            Choice(("full", "minimal")),
            "`minimal` is one file of under 60 lines, where one job on GitHub's machine decides,"
            " checks, trains and judges.",
            "full",
        ),
        "default_branch": Key(
            Text("a branch"), "The default branch; found in the clone when not set."
        ),
        "python": Key(
            Text("a version of Python such as 3.12", r"3\.[0-9]{1,2}(?:\.[0-9]{1,2})?"),
            "Version of Python in all jobs. Quote it: 3.10 is a number, and means 3.1.",
            DEFAULT_PYTHON,
        ),
        "runs_on": Key(TEXTS, "Runner of the jobs that do not train.", ["ubuntu-24.04"]),
        "requirements": Key(
            Text("a file"),
            "Requirements file that installs Branchline in the jobs, best with hashes; one that "
            "pins this version is written when not set.",
        ),
        "install": Key(
            COMMAND,
            "Installs what stages and checks need; `pip install -r` of `environment.lock` when not "
            "set.",
        ),
        "secrets": Key(
            HARMLESS_NAMES, "Secrets that stages get as variables, from the environment."
        ),
        "variables": Key(NAMES, "Configuration variables that stages get as variables."),
        "environments": Key(
            Section(
                {
                    "train": Key(
                        _ENVIRONMENT,
                        "Environment of trainings; `training` where there are secrets or AWS.",
                    ),
                    "pull_requests": Key(
                        _ENVIRONMENT,
                        "Environment of trainings of pull requests, so that they can have other "
                        "secrets; the one of `train` when not set.",
                    ),
                    "register": Key(
                        _ENVIRONMENT, "Environment in which models are registered.", "production"
                    ),
                }
            ),
            "Environments of the repository that jobs run in.",
        ),
        "aws": Key(
            Section(
                {
                    "role": Key(
                        Text(
                            "an ARN of a role", r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+"
                        ),
                        "Role that trainings take by the job's identity, without a stored secret.",
                        required=True,
                    ),
                    "region": Key(
                        Text("a region such as eu-central-1", r"[a-z]{2}(?:-[a-z]+)+-[0-9]"),
                        "Region of AWS.",
                        required=True,
                    ),
                    "hours": Key(
                        Number(low=1, high=12, whole=True),
                        "How long the credentials live; the role must allow it.",
                        1,
                    ),
                }
            ),
            "Access to AWS by OpenID Connect.",
        ),
        "app": Key(
            Section(
                {
                    "client_id": Key(
                        Text("a variable's name", r"[A-Za-z_][A-Za-z0-9_]*"),
                        "Configuration variable with the client ID of a GitHub App.",
                        required=True,
                    ),
                    "private_key": Key(
                        Text("a secret's name", r"[A-Za-z_][A-Za-z0-9_]*"),
                        "Secret of the environment with its private key.",
                        required=True,
                    ),
                    "environment": Key(
                        _ENVIRONMENT, "Environment that holds the secret.", "training-pull-requests"
                    ),
                }
            ),
            "GitHub App that opens training pull requests, where `open_pull_request.mode` is app.",
        ),
        "matrix": Key(
            Flag(),
            "Where there are several models: train this one in a workflow with others whose "
            "settings are alike, as a leg of a matrix; false gives it a workflow of its own.",
            default=True,
        ),
        "retention_days": Key(
            Number(low=1, high=90, whole=True), "How long artifacts of runs are kept.", 14
        ),
        "free_disk": Key(
            Flag(),
            "Delete what hosted runners bring and trainings seldom need (some 25 GB).",
            default=False,
        ),
        "owners": Key(
            ListOf(
                Text(
                    "a user or team such as @ada or @team/ml",
                    r"@[A-Za-z0-9_-]+(?:/[A-Za-z0-9_.-]+)?",
                )
            ),
            "Who has to review workflows, bars and evaluation data; for CODEOWNERS.",
        ),
        "repository": Key(
            Text("owner/name", r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"),
            "The repository on GitHub; found in the remote `origin` when not set.",
        ),
        "server": Key(
            Choice(("github.com", "enterprise")),
            "What the workflows are written for: an Enterprise server knows less.",
            "github.com",
        ),
    },
    words="a mapping such as {python: '3.12'}",
)
