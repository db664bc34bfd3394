"""Why programs and installations fail, in the words of Python and uv."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.environment.failures import (
    FailureKind,
    Remedy,
    diagnose_install,
    diagnose_run,
)
from branchline.core.environment.modules import DISTRIBUTIONS, GONE_FROM_PYTHON, SAME_NAME
from branchline.core.environment.pins import normal
from branchline.core.environment.removed import REMOVED

NEW = {
    "numpy": "2.1.0", "pandas": "3.0", "scikit-learn": "1.7", "scipy": "1.15", "pyyaml": "6.0.1",
    "tensorflow": "2.15", "setuptools": "82.0",
}  # fmt: skip


def trace(error: str, place: str = "/w/train.py", line: int = 12) -> str:
    return (
        f'Traceback (most recent call last):\n  File "{place}", line {line}, in <module>\n'
        f'    x = 1\n  File "/e/lib/site-packages/lib/x.py", line 3, in f\n{error}\n'
    )


@pytest.mark.parametrize(
    ("error", "kind", "remedy"),
    [
        pytest.param(
            "AttributeError: module 'numpy' has no attribute 'float'.\n`np.float` was a deprecated",
            FailureKind.REMOVED_API,
            Remedy(constraint="numpy<1.24"),
            id="numpy-alias",
        ),
        pytest.param(
            "AttributeError: `np.float_` was removed in the NumPy 2.0 release.",
            FailureKind.REMOVED_API,
            Remedy(constraint="numpy<2"),
            id="numpy-2",
        ),
        pytest.param(
            "ModuleNotFoundError: No module named 'sklearn.externals.joblib'",
            FailureKind.REMOVED_API,
            Remedy(constraint="scikit-learn<0.23"),
            id="sklearn-externals",
        ),
        pytest.param(
            "ImportError: cannot import name 'joblib' from 'sklearn.externals' (/x/__init__.py)",
            FailureKind.REMOVED_API,
            Remedy(constraint="scikit-learn<0.23"),
            id="sklearn-externals-from",
        ),
        pytest.param(
            "ImportError: \n`load_boston` has been removed from scikit-learn since version 1.2.",
            FailureKind.REMOVED_API,
            Remedy(constraint="scikit-learn<1.2"),
            id="load-boston",
        ),
        pytest.param(
            "AttributeError: 'DataFrame' object has no attribute 'append'. Did you mean",
            FailureKind.REMOVED_API,
            Remedy(constraint="pandas<2"),
            id="pandas-append",
        ),
        pytest.param(
            "AttributeError: 'DataFrame' object has no attribute 'ix'",
            FailureKind.REMOVED_API,
            Remedy(constraint="pandas<1"),
            id="pandas-ix",
        ),
        pytest.param(
            "TypeError: load() missing 1 required positional argument: 'Loader'",
            FailureKind.REMOVED_API,
            Remedy(constraint="pyyaml<6"),
            id="yaml-load",
        ),
        pytest.param(
            "AttributeError: module 'collections' has no attribute 'Mapping'",
            FailureKind.GONE_FROM_PYTHON,
            Remedy(python_below="3.10"),
            id="collections",
        ),
        pytest.param(
            "ModuleNotFoundError: No module named 'distutils'",
            FailureKind.GONE_FROM_PYTHON,
            Remedy(python_below="3.12"),
            id="distutils",
        ),
        pytest.param(
            "ModuleNotFoundError: No module named 'cv2'",
            FailureKind.MISSING_MODULE,
            Remedy(wish="opencv-python-headless"),
            id="another-name",
        ),
        pytest.param(
            "ModuleNotFoundError: No module named 'my_pkg.sub'",
            FailureKind.MISSING_MODULE,
            Remedy(),
            id="a-name-that-anybody-may-have-registered-is-not-tried",
        ),
        pytest.param(
            "ModuleNotFoundError: No module named 'tqdm'",
            FailureKind.MISSING_MODULE,
            Remedy(wish="tqdm"),
            id="a-well-known-name",
        ),
        pytest.param(
            "ModuleNotFoundError: No module named 'helpers'",
            FailureKind.OWN,
            Remedy(),
            id="own-module",
        ),
        pytest.param(
            "ModuleNotFoundError: No module named 'scipy.nothing'",
            FailureKind.REMOVED_API,
            Remedy(),
            id="a-module-that-its-package-lacks",
        ),
        pytest.param(
            "ValueError: could not convert string to float: 'x'",
            FailureKind.OTHER,
            Remedy(),
            id="own",
        ),
    ],
)
def test_a_program(error: str, kind: FailureKind, remedy: Remedy) -> None:
    found = diagnose_run(trace(error), own={"helpers"}, packages=NEW, root="/w")

    assert (found.kind, found.remedy) == (kind, remedy)
    assert found.place == "train.py:12"


def test_a_removed_function_is_no_reason_where_the_version_still_has_it() -> None:
    text = trace("AttributeError: module 'numpy' has no attribute 'float'")

    found = diagnose_run(text, own=(), packages={"numpy": "1.19.5"}, root="/w")

    assert found.remedy.is_empty


@given(st.from_regex(r"[a-z_]{1,12}", fullmatch=True) | st.sampled_from(["cv2", "tqdm"]))
def test_nothing_is_installed_by_a_guessed_name(module: str) -> None:
    text = trace(f"ModuleNotFoundError: No module named {module!r}")

    wish = diagnose_run(text, own=(), packages={}, root="/w").remedy.wish

    assert wish in {"", *DISTRIBUTIONS.values(), *(n.replace("_", "-").lower() for n in SAME_NAME)}
    assert (wish == "") == (module not in DISTRIBUTIONS and module not in SAME_NAME) or (
        module in GONE_FROM_PYTHON
    )


@given(st.text())
def test_anything_can_be_read(text: str) -> None:
    assert diagnose_run(text, own=(), packages={}, root="/w").sentence
    assert diagnose_install(text.splitlines(), has_date=True).sentence


@pytest.mark.parametrize(
    ("said", "has_date", "kind", "remedy"),
    [
        pytest.param(
            "error: No solution found when resolving dependencies\n"
            "  cause: Because tensorflow==1.15.0 has no wheels with a matching Python ABI tag "
            "(e.g., `cp311`) and you require tensorflow==1.15.0, we can conclude that",
            False,
            FailureKind.NO_WHEEL,
            Remedy(other_python=True),
            id="no-wheel",
        ),
        pytest.param(
            "error: No solution found when resolving dependencies\n"
            "  cause: Because pandas==2.0.0 depends on numpy>=1.20 and you require numpy==1.16.4",
            False,
            FailureKind.CONFLICT,
            Remedy(other_python=True),
            id="conflict",
        ),
        pytest.param(
            "error: Failed to build `scikit-learn==0.19.2`\n  cause: The build backend returned an",
            True,
            FailureKind.BUILD,
            Remedy(no_build="scikit-learn"),
            id="build",
        ),
        pytest.param(
            "error: No solution found when resolving dependencies\n  cause: Because there is no "
            "version of numpy==2.0 and you require numpy==2.0\n\nhint: `numpy` was filtered by "
            "`exclude-newer`",
            True,
            FailureKind.NOT_YET,
            Remedy(is_newer=True),
            id="not-yet",
        ),
        pytest.param(
            "error: No solution found when resolving dependencies\n  cause: Because no-such was"
            " not found in the package registry and you require no-such",
            True,
            FailureKind.OTHER,
            Remedy(),
            id="a-name-that-no-index-has-is-helped-by-no-interpreter",
        ),
        pytest.param("error: something else", True, FailureKind.OTHER, Remedy(), id="unknown"),
    ],
)
def test_an_installation(said: str, has_date: bool, kind: FailureKind, remedy: Remedy) -> None:
    found = diagnose_install(said.splitlines(), has_date=has_date)

    assert (found.kind, found.remedy) == (kind, remedy)
    assert found.quote


def test_an_installers_password_is_not_quoted() -> None:
    found = diagnose_install(
        ["error: Failed to fetch https://ada:hunter2@example.org/x"], has_date=False
    )

    assert "hunter2" not in found.quote


@pytest.mark.parametrize("row", REMOVED, ids=lambda row: row.pattern.pattern[:40])
def test_a_row_names_a_package_and_a_bound(row: object) -> None:
    package, bound = row.package, row.bound  # type: ignore[attr-defined]
    assert normal(package) == package
    assert re.fullmatch(r"<\d+(\.\d+)*", bound)


def test_distributions_have_a_name_that_installers_know() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in DISTRIBUTIONS.values())
