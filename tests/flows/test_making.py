"""What a box cannot be made with is said before anything is made."""

from __future__ import annotations

import pytest

from branchline.errors import UsageError
from branchline.flows.making import check_options
from branchline.flows.remotes import BoxOptions


@pytest.mark.parametrize("branch", ["", "a..b", "a//b", "/a", "a/", ".a", "a.lock", "-a", "a b"])
@pytest.mark.parametrize("option", ["--default-branch", "--branch-if-new"])
def test_what_is_no_branch_is_refused_by_the_options_name(option: str, branch: str) -> None:
    name = option.removeprefix("--").replace("-", "_")

    with pytest.raises(UsageError, match=f"^{option}: "):
        check_options(BoxOptions(**{name: branch}))  # type: ignore[arg-type] # a text for a text


def test_branches_and_nothing_are_taken() -> None:
    check_options(BoxOptions(default_branch="release/1.2", branch_if_new="trunk"))
    check_options(BoxOptions())
