"""Every error that a user can meet has a slug of its own, an exit code and a line in the docs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from branchline import errors

ROOT = Path(__file__).parents[2]
CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.BranchlineError)
]
EXIT_CODES = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}


def test_no_two_errors_share_a_slug() -> None:
    counts = Counter(each.slug for each in CLASSES)

    assert [slug for slug, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.slug)
def test_an_error_is_documented_with_its_exit_code(error: type[errors.BranchlineError]) -> None:
    reference = (ROOT / "docs" / "reference" / "errors.md").read_text()

    assert error.__doc__
    assert error.exit_code in EXIT_CODES
    assert error is errors.BranchlineError or f"| `{error.slug}` | {error.exit_code} |" in reference


def test_no_other_module_makes_an_error_for_users() -> None:
    outside = [
        str(path)
        for path in (ROOT / "src").rglob("*.py")
        if path.name != "errors.py" and "(BranchlineError)" in path.read_text()
    ]

    assert outside == []
