"""How files stand to what the settings ask for."""

from __future__ import annotations

from branchline.flows.workflow_files import Standing, compare
from branchline.generate.workflows.header import with_header

NEW = with_header("name: new\n", "0" * 12)
OLD = with_header("name: old\n", "1" * 12)


def standing(there: dict[str, str]) -> dict[str, Standing]:
    return {state.path: state.standing for state in compare({"a.yml": NEW}, there)}


def test_each_way_a_file_may_stand() -> None:
    assert standing({}) == {"a.yml": Standing.MISSING}
    assert standing({"a.yml": NEW}) == {"a.yml": Standing.CURRENT}
    assert standing({"a.yml": OLD}) == {"a.yml": Standing.OUTDATED}
    assert standing({"a.yml": NEW + "# x\n"}) == {"a.yml": Standing.EDITED}
    assert standing({"a.yml": "name: theirs\n"}) == {"a.yml": Standing.FOREIGN}


def test_what_is_ours_and_not_asked_for_is_left_over_and_nothing_else() -> None:
    found = standing({"a.yml": NEW, "b.yml": OLD, "c.yml": "name: theirs\n"})

    assert found == {"a.yml": Standing.CURRENT, "b.yml": Standing.LEFT_OVER}


def test_the_difference_names_both_sides() -> None:
    (state,) = compare({"a.yml": NEW}, {"a.yml": OLD})

    lines = state.difference()

    assert lines[:2] == ("--- a/a.yml", "+++ b/a.yml")
    assert "-name: old" in lines
    assert "+name: new" in lines
    (missing,) = compare({"a.yml": NEW}, {})
    assert missing.difference()[0] == "--- /dev/null"
