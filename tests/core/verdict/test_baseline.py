from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.policy import Gate
from branchline.core.values import Outcome
from branchline.core.verdict.baseline import RunFacts, alias_commit, find_baseline
from branchline.core.verdict.registered import read_tag
from branchline.core.verdict.values import Baseline
from branchline.ports.repo import Tag

A, B, C = "a" * 40, "b" * 40, "c" * 40


def tags_of(*named: tuple[str, str]) -> list[Tag]:
    return [Tag(name=name, commit=commit, tagged_at="", tagger="") for name, commit in named]


def run_of(
    run: str,
    commit: str | None = A,
    *,
    branch: str = "main",
    outcome: Outcome | None = Outcome.PASSED,
    is_dirty: bool = False,
) -> RunFacts:
    return RunFacts(
        run=run, started_at="", commit=commit, branch=branch, is_dirty=is_dirty, outcome=outcome
    )


@pytest.mark.parametrize(
    ("tags", "commit"),
    [
        pytest.param([], None, id="no-tag-no-holder"),
        pytest.param([("m#production", A)], A, id="without-a-counter"),
        pytest.param([("m#production#1", A), ("m#production#2", B)], B, id="the-newest-holds"),
        pytest.param(
            [("m#production#1", B), ("m#production#2", A), ("m#production#3", B)],
            B,
            id="a-rollback-is-a-new-assignment",
        ),
        pytest.param(
            [("m#production#1", A), ("m#production#2", B), ("m#production!#3", B)],
            A,
            id="taking-back-gives-it-to-the-one-before",
        ),
        pytest.param([("m#production#1", A), ("m#production!#2", A)], None, id="taken-back"),
        pytest.param(
            [("m@v1.0.0", A), ("m#production#1", A), ("m@v1.0.0!", A)],
            None,
            id="a-version-that-is-gone-holds-nothing",
        ),
        pytest.param(
            [("m#production#1", A), ("m@deprecated", B)], None, id="a-retired-model-has-no-holder"
        ),
        pytest.param([("other#production#1", A)], None, id="another-model"),
        pytest.param([("m#staging#1", A)], None, id="another-alias"),
        pytest.param([("models/x=m#production#1", A)], A, id="in-a-folder"),
        pytest.param([("v1.0", A), ("m@", A), ("m#", A), ("#production", A)], None, id="no-gto"),
    ],
)
def test_who_holds_an_alias(tags: list[tuple[str, str]], commit: str | None) -> None:
    assert alias_commit(tags_of(*tags), "m", "production") == commit


def test_a_version_tag_is_read() -> None:
    (tag,) = tags_of(("team/m@v1.2.3-rc.1", A))

    registration = read_tag(tag)

    assert registration is not None
    assert (registration.name, registration.version) == ("team/m", "v1.2.3-rc.1")


RUNS = [
    run_of("old", A),
    run_of("good", B),
    run_of("failed", C, outcome=Outcome.FAILED),
    run_of("unknown", C, outcome=Outcome.UNKNOWN),
    run_of("unjudged", C, outcome=None),
    run_of("branch", C, branch="training/x"),
    run_of("dirty", C, is_dirty=True),
]


@pytest.mark.parametrize(
    ("tags", "alias", "run", "via"),
    [
        pytest.param([], "production", "good", "newest passed run of `main`", id="no-alias"),
        pytest.param(
            [("m#production#1", A)], "production", "old", "alias `production`", id="production"
        ),
        pytest.param([("m#staging#1", A)], "production", "old", "alias `staging`", id="staging"),
        pytest.param(
            [("m#staging#1", B), ("m#production#2", A)],
            "production",
            "old",
            "alias `production`",
            id="production-before-staging",
        ),
        pytest.param(
            [("m#staging#1", A)], "shadow", "good", "newest passed run of `main`", id="own-alias"
        ),
        pytest.param(
            [("m#production#1", C)], "production", "branch", "alias `production`", id="passed-first"
        ),
    ],
)
def test_find_baseline(tags: list[tuple[str, str]], alias: str, run: str, via: str) -> None:
    baseline = find_baseline(
        RUNS, tags_of(*tags), Gate(baseline=alias), model="m", default_branch="main"
    )

    assert (baseline.run, baseline.via) == (run, via)


def test_a_run_is_never_its_own_baseline() -> None:
    baseline = find_baseline(RUNS, [], Gate(), model="m", default_branch="main", this_run="good")

    assert baseline.run == "old"


@pytest.mark.parametrize(
    ("made_late", "run"),
    [
        pytest.param(False, "R", id="made-before-the-alias-was-given"),
        pytest.param(True, "", id="made-while-the-holder-was-not-known"),
    ],
)
def test_the_commit_that_holds_the_alias_is_measured_by_its_own_record(
    made_late: bool, run: str
) -> None:
    baseline = find_baseline(
        [run_of("old", B), run_of("R", A, outcome=Outcome.UNKNOWN)],
        tags_of(("m#production#1", A)),
        Gate(),
        model="m",
        default_branch="main",
        this_run="R",
        made_late=made_late,
    )

    assert (baseline.run, baseline.commit) == (run, A)
    assert ("not recorded here" in baseline.via) is made_late


facts = st.builds(
    run_of,
    st.just("?"),
    st.sampled_from([A, B]),
    branch=st.sampled_from(["main", "x"]),
    outcome=st.sampled_from([None, *Outcome]),
    is_dirty=st.booleans(),
)


@given(found=st.lists(facts, max_size=5), this=st.integers(0, 5), late=st.booleans())
def test_a_holder_is_known_exactly_when_a_clean_run_of_its_commit_is(
    found: list[RunFacts], this: int, late: bool
) -> None:
    runs = [replace(run, run=f"r{number}") for number, run in enumerate(found)]

    baseline = find_baseline(
        runs,
        tags_of(("m#production#1", A)),
        Gate(),
        model="m",
        default_branch="main",
        this_run=f"r{this}",
        made_late=late,
    )

    counting = [run for run in runs if not (late and run.run == f"r{this}")]
    made = {run.run: run for run in counting if run.commit == A and not run.is_dirty}
    assert baseline.run in (made or {""})
    if any(run.outcome is Outcome.PASSED for run in made.values()):
        assert made[baseline.run].outcome is Outcome.PASSED


def test_an_alias_without_a_record_is_not_passed_over() -> None:
    tags = tags_of(("m#production#1", "d" * 40))

    baseline = find_baseline(RUNS, tags, Gate(), model="m", default_branch="main")

    assert (baseline.run, baseline.commit) == ("", "d" * 40)
    assert "records fetch" in baseline.via


def test_without_anything_there_is_no_baseline() -> None:
    baseline = find_baseline([], [], Gate(), model="m", default_branch="main")

    assert baseline == Baseline(
        via="nothing holds `production` nor `staging`, and `main` has no passed run"
    )


def test_a_run_of_uncommitted_changes_is_named_and_is_none() -> None:
    runs = [run_of("aaaaaaa", is_dirty=True), run_of("bbbbbbb", branch="other")]

    baseline = find_baseline(runs, [], Gate(), model="m", default_branch="main")

    assert baseline.run == ""
    assert baseline.via.endswith("no passed run but aaaaaaa, made from uncommitted changes")


def test_the_word_of_a_tracker_counts_before_tags() -> None:
    tags = tags_of(("m#production#1", A))

    baseline = find_baseline(
        RUNS, tags, Gate(), model="m", default_branch="main", elsewhere={"production": B}
    )

    assert (baseline.run, baseline.commit) == ("good", B)


def test_where_a_tracker_says_nothing_tags_count() -> None:
    tags = tags_of(("m#production#1", A))

    baseline = find_baseline(RUNS, tags, Gate(), model="m", default_branch="main", elsewhere={})

    assert baseline.run == "old"
