"""The policy of a box's default branch. Serves the flows and servers of a box."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from branchline.core.policy import with_default_branch
from branchline.core.trigger.refnames import HEADS
from branchline.errors import ConfigError, RepositoryError

if TYPE_CHECKING:
    from branchline.config.settings_files import SettingsFiles
    from branchline.core.policy import Policy
    from branchline.ports.repo import Repo

CONFIG_FILE = "branchline.yaml"


def settings_at(repo: Repo, commit: str) -> SettingsFiles | None:
    """The branchline.yaml files that a commit has in force; None where it has none.

    Args:
        repo: Has the commit.
        commit: Full hash.

    Raises:
        RepositoryError: The commit, or a part of it, is not here.
    """
    from branchline.config.settings_files import SettingsFiles, names_among, settings_in

    data = repo.show(commit, CONFIG_FILE)
    if data is not None:
        return SettingsFiles.of_root(data)
    if commit not in _OF_FOLDERS:
        while len(_OF_FOLDERS) >= _MOST_REMEMBERED:
            _OF_FOLDERS.pop(next(iter(_OF_FOLDERS)))
        paths = frozenset(repo.paths(commit))

        def read(path: str) -> bytes | None:
            data = repo.show(commit, path)
            if data is None and path in paths:
                # A clone of a part: what is not known must not read as no rules.
                raise RepositoryError(
                    f"{path} of commit {commit[:10]} is not in this clone, and cannot be fetched",
                    todo="Clone without --filter (a checkout in CI: without `filter`).",
                )
            return data

        _OF_FOLDERS[commit] = settings_in(names_among(paths), read)
    return _OF_FOLDERS[commit]


_OF_FOLDERS: dict[str, SettingsFiles | None] = {}
"""Of commits without a file in the root, by their hash, which stands for all that they hold."""
_MOST_REMEMBERED = 8


def law_files(repo: Repo) -> SettingsFiles | None:
    """The settings of the default branch; None while there are none."""
    head = repo.resolve(HEADS + repo.default_branch())
    return None if head is None else settings_at(repo, head)


def law_policy(repo: Repo, model: str = "") -> Policy | None:
    """The default branch's policy of a model, of its first one where none is named.

    None where there is none that can be read.
    """
    law = law_files(repo)
    if law is None:
        return None
    try:
        policies = _policies(law)
    except ConfigError:
        return None
    found = next((policy for policy in policies if model in ("", policy.model)), None)
    return found and with_default_branch(found, repo.default_branch())


def ruled(own: Policy, law: SettingsFiles) -> Policy:
    """Rules for a model that the default branch may not know yet: then its first model's rules.

    A branch cannot make rules of its own by naming another model.

    Args:
        own: As a tree declares it.
        law: Settings of the default branch.

    Raises:
        ConfigError: These cannot be used.
    """
    from branchline.config.governing import governed, law_for

    if law_for(own.model, law) is not None:
        return governed(own, law)
    first = law.load().models[0].policy
    return replace(own, branches=first.branches, pull_requests=first.pull_requests)


@lru_cache(maxsize=8)
def _policies(law: SettingsFiles) -> tuple[Policy, ...]:
    """The policies of a tree's settings; a worker asks for the same ones at every turn."""
    return tuple(found.policy for found in law.load().models)
