"""Lines of a job's log are plain, whatever a stage printed."""

from __future__ import annotations

import pytest

from branchline.core.plain_text import plain
from branchline.render.job_log import error_lines, how_to_see_more, job_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;title\x07text", "text", id="a-title"),
        pytest.param("\x1b]52;c;ZXZpbA==\x1b\\text", "text", id="the-clipboard"),
        pytest.param("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link", id="a-link"),
        pytest.param("\x1bP1;2q\x1b\\a", "a", id="a-device-string"),
        pytest.param("\x9b2Ja", "a", id="one-byte-escape"),
        pytest.param("10 %\r50 %\r100 %\r", "100 %", id="a-progress-bar"),
        pytest.param("a\u202eb\u2066c", "abc", id="right-to-left"),
        pytest.param("a\tb", "a\tb", id="a-tab-stays"),
        pytest.param("größe 模型", "größe 模型", id="other-scripts"),
        pytest.param("\x1b", "", id="a-lone-escape"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_line_is_not_endless() -> None:
    shown = plain("x" * 5000)

    assert shown.endswith("... (5000 characters)")
    assert len(shown) < 2100


def test_lines_begin_with_their_station() -> None:
    assert job_line("run", "train | \x1b[1mepoch\x1b[0m") == "run      train | epoch"
    assert error_lines("no", ["one"], "do") == ("error    no", "           one", "           do")


def test_what_to_type_next() -> None:
    assert "branchline show abc1234" in how_to_see_more(3, "abc1234", remote="gpu")[0]
    assert "--job 3" in how_to_see_more(3, "", remote="gpu")[0]
