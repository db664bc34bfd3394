"""Which interpreter: ranges beside packaging's own reading, hints in order of trust."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from branchline.core.environment.pythons import (
    RELEASES,
    allows,
    choose,
    minor_key,
    settled_at,
    wanted_minors,
)
from branchline.core.environment.values import Hint, Interpreter, Strength

MINORS = [minor for minor, _ in RELEASES]
HERE = [Interpreter(version=f"{minor}.5", path=f"/p/{minor}") for minor in ("3.11", "3.8", "3.9")]


def hint(strength: Strength, *says: str, file: str = "f") -> Hint:
    return Hint(file=file, line=1, quote="q", says=says, strength=strength)


clauses = st.builds(
    lambda sign, minor, patch: f"{sign}{minor}{patch}",
    st.sampled_from([">=", "<=", "<", ">", "==", "!=", "~="]),
    st.sampled_from(MINORS),
    st.sampled_from(["", ".0", ".2", ".*"]),
).filter(lambda text: not text.endswith(".*") or text[:2] in ("==", "!="))


@given(st.lists(clauses, min_size=1, max_size=3), st.sampled_from(MINORS))
def test_what_any_patch_version_meets_is_never_refused(parts: list[str], minor: str) -> None:
    spec = ",".join(parts)
    meets = any(f"{minor}.{patch}" in SpecifierSet(spec) for patch in range(30))

    assert allows(spec, minor) or not meets


@given(st.sampled_from([">=", "<", "~="]), st.sampled_from(MINORS), st.sampled_from(MINORS))
def test_a_range_of_minor_versions_is_read_as_by_packaging(
    sign: str, bound: str, minor: str
) -> None:
    spec = f"{sign}{bound}"

    assert allows(spec, minor) == (f"{minor}.0" in SpecifierSet(spec))


@pytest.mark.parametrize(
    ("spec", "minor", "fits"),
    [
        pytest.param("^3.8", "3.11", True, id="carets-stay-in-the-major"),
        pytest.param("^3.8", "3.7", False, id="carets-have-a-floor"),
        pytest.param("~3.8", "3.9", False, id="one-tilde-is-one-minor"),
        pytest.param("3.7 || 3.9", "3.9", True, id="or"),
        pytest.param(">=3.6, <3.9", "3.9", False, id="spaces"),
        pytest.param(">=3.6 <3.9", "3.8", True, id="no-comma"),
        pytest.param(">=2.7, !=3.0.*, !=3.1.*", "3.8", True, id="ancient"),
        pytest.param("<4", "3.14", True, id="major-only"),
        pytest.param("*", "3.8", True, id="any"),
        pytest.param("whatever works", "3.8", None, id="unknown-grammar-is-not-known"),
    ],
)
def test_other_grammars(spec: str, minor: str, fits: bool | None) -> None:
    assert allows(spec, minor) is fits


def test_what_is_said_exactly_admits_nothing_else() -> None:
    rows = wanted_minors([hint(Strength.EXACT, "3.7")], "2019-01-01")

    assert rows[0][0] == "3.7"
    assert choose(rows, HERE) is None


def test_of_what_it_was_tried_with_the_newest_that_is_here_and_was_usual_counts() -> None:
    hints = [hint(Strength.SET, "3.8", "3.9", "3.10"), hint(Strength.RANGE, "<3.10")]

    chosen = choose(wanted_minors(hints, "2022-01-01"), HERE)

    assert chosen is not None
    assert chosen[0].minor == "3.9"
    assert chosen[1] == hints[0]


def test_where_nothing_is_said_the_day_decides() -> None:
    rows = [minor for minor, _ in wanted_minors((), "2021-03-01")]

    assert rows[:3] == ["3.8", "3.7", "3.6"]
    assert set(rows) == set(MINORS)
    assert settled_at("2010-01-01") == "3.6"


def test_of_one_minor_version_the_newest_patch_is_taken() -> None:
    here = [Interpreter(version=v, path=v) for v in ("3.9.2", "3.9.18", "3.9.9")]

    chosen = choose([("3.9", None)], here)

    assert chosen is not None
    assert chosen[0].version == "3.9.18"


@given(st.permutations(MINORS))
def test_minor_versions_sort_by_number(minors: list[str]) -> None:
    assert sorted(minors, key=minor_key) == MINORS
