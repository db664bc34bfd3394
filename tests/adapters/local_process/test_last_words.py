"""What a stage that failed said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_process.last_words import last_words

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    f()\n'
AGAIN = "During handling of the above exception, another exception occurred:\n\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(f"{FRAMES}ValueError: no rows\n", "ValueError: no rows", id="an-exception"),
        pytest.param(f"{FRAMES}MemoryError\n", "MemoryError", id="without-a-message"),
        pytest.param(f"{FRAMES}a.B: one\ntwo\n", "a.B: one", id="the-first-line-of-its-message"),
        pytest.param(f"{FRAMES}KeyError: 1\n\n{AGAIN}{FRAMES}OSError: 2\n", "OSError: 2",
                     id="the-last-of-a-chain"),
        pytest.param("$ python x.py\nx.py: error: no --lr\n", "x.py: error: no --lr",
                     id="a-complaint"),
        pytest.param("epoch 3: loss 0.2\n", "", id="what-is-no-complaint"),
        pytest.param(f"{FRAMES}E: \x1b[31mred\x1b[0m\n", "E: red", id="escapes-are-taken-out"),
        pytest.param(f"{FRAMES}E: {'x' * 9000}\n", "", id="cut-off-it-is-not-guessed"),
        pytest.param(FRAMES, "", id="a-traceback-that-was-cut-off"),
        pytest.param("", "", id="nothing"),
    ],
)  # fmt: skip
def test_last_words(tmp_path: Path, text: str, said: str) -> None:
    log = tmp_path / "log"
    log.write_text(text)

    assert last_words(str(log)) == said


def test_a_long_message_is_cut_and_a_missing_log_says_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"{FRAMES}E: {'x' * 500}\n")

    assert last_words(str(log)) == f"E: {'x' * 297}..."
    assert last_words(str(tmp_path / "none")) == ""
