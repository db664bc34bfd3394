from __future__ import annotations

import pytest

from branchline.render.table import (
    Align,
    Cell,
    Column,
    Table,
    Tone,
    cell,
    line,
    table_to_text,
    visible,
    width_of,
)


def test_a_table_is_aligned_without_trailing_blanks() -> None:
    table = Table(
        columns=(Column(heading="run"), Column(heading="auc", align=Align.RIGHT)),
        rows=((cell("abc1234"), cell("0.9")), (cell("d"), cell("0.9412", Tone.GOOD))),
    )

    assert table_to_text(table) == "run         auc\nabc1234     0.9\nd        0.9412"


def test_an_empty_table_shows_its_headings() -> None:
    assert table_to_text(Table(columns=(Column(heading="run"),), rows=(), title="t")) == "t\nrun"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="as many cells"):
        Table(columns=(Column(heading="a"),), rows=((cell("1"), cell("2")),))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain", "plain", id="plain-text-stays"),
        pytest.param("a\x1b[31m", "a\\x1b[31m", id="an-escape-sequence-is-shown"),
        pytest.param("a\nb", "a\\nb", id="a-newline-is-shown"),
        pytest.param("a\u202eb", "a\\u202eb", id="a-direction-override-is-shown"),
        pytest.param("é日", "é日", id="letters-of-all-scripts-stay"),
        pytest.param("\udcff", "\\udcff", id="an-undecodable-byte-is-shown"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert cell(text).text == shown


def test_wide_letters_take_two_columns() -> None:
    assert width_of("日本") == 4


def test_a_line_joins_its_pieces() -> None:
    assert line("a ", Cell(text="b", tone=Tone.BAD)).text == "a b"
