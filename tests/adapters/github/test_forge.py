"""GitHub as a forge: the port's contract, on a GitHub whose every exchange is judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.github.checks import CheckRuns
from branchline.adapters.github.forge import GitHubForge
from branchline.testing.forge_contract import ASKED, CheckContract, HostedForgeContract, Place

if TYPE_CHECKING:
    from tests.adapters.github.conftest import Site

    from branchline.ports.forge import Forge

# On GitHub a title is one line without spaces at its ends, and no text holds a NUL.
TITLE = "Train: größer '; DROP TABLE pulls; --"
BODY = "<!-- branchline {} -->\n| old | new |\n@everyone <b>$(id)</b>"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnGitHub(Place):
    """Commits and branches of a repository on the judged forge."""

    site: Site

    def stand(self, branch: str, commit: str) -> None:
        self.site.stand(branch, commit)

    def base(self, branch: str) -> None:
        if branch != "main":
            self.site.stand(branch, self.site.head())


def place_on(site: Site) -> OnGitHub:
    first = site.commit("one")
    asked = replace(ASKED, title=TITLE, body=BODY)
    return OnGitHub(
        site=site,
        commit=first,
        other=site.commit("two", first),
        asked=asked,
        keeps_time=False,
    )


class TestGitHubForge(HostedForgeContract):
    @pytest.fixture
    def place(self, site: Site) -> Place:
        return place_on(site)

    @pytest.fixture
    def forge(self, site: Site) -> Forge:
        return site.forge()


class TestCheckRuns(CheckContract):
    @pytest.fixture
    def place(self, site: Site) -> Place:
        return place_on(site)

    @pytest.fixture
    def forge(self, site: Site) -> Forge:
        repository = site.repository()
        return GitHubForge(repository, CheckRuns(repository))
