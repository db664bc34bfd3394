"""Section of branchline.yaml on cheap checks of the code: data, which `kinds` says how to check."""

from __future__ import annotations

from branchline.config.kinds import (
    DURATION_KIND,
    Anything,
    Choice,
    Key,
    ListOf,
    MapOf,
    Section,
    Text,
)
from branchline.config.sections.training import COMMAND, TEXTS

CHECK = Section(
    {
        "name": Key(Text(), "Name of the check, as reported.", required=True),
        "run": Key(COMMAND, "Command; exit code 0 passes.", required=True),
        "matrix": Key(
            MapOf(ListOf(Anything(), at_least=1), "variables"),
            "The check runs once for each combination.",
        ),
        "exclude": Key(
            ListOf(MapOf(Anything(), "variables")),
            "Combinations of the matrix that are not run, as in {python: '3.13', torch: '2.4'}.",
        ),
        "timeout": Key(DURATION_KIND, "Time after which it is stopped."),
        "runs_on": Key(TEXTS, "Runner labels in GitHub Actions."),
        "when": Key(
            Choice(("before", "beside")),
            "`before`: nothing trains until it has passed; `beside`: at the same time as the"
            " training, as for tests that take long. It counts for the gate either way.",
            default="before",
        ),
    }
)
