"""What the console prints where: pipes, terminals, colours, JSON."""

from __future__ import annotations

import io
import json
import re

import pytest

from branchline.cli.console import Color, Console
from branchline.cli.progress import LiveProgress, PlainProgress, Row
from branchline.core.run import StageState
from branchline.errors import ConfigError
from branchline.render.table import Column, Table, Tone, cell, line


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def console(
    out: io.StringIO, *, color: Color = Color.AUTO, environment: dict[str, str] | None = None
) -> Console:
    return Console(out, io.StringIO(), color=color, environment=environment or {})


def plain(text: str) -> str:
    """A text without what a terminal acts on."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


TABLE = Table(
    columns=(Column(heading="run"), Column(heading="auc")),
    rows=((cell("ab12", Tone.STRONG), cell("0.91", Tone.GOOD)),),
)


@pytest.mark.parametrize(
    ("out", "color", "environment", "expected"),
    [
        pytest.param(io.StringIO, Color.AUTO, {}, False, id="a-pipe-has-none"),
        pytest.param(Terminal, Color.AUTO, {}, True, id="a-terminal-has-it"),
        pytest.param(Terminal, Color.AUTO, {"NO_COLOR": "1"}, False, id="no-color-wins"),
        pytest.param(Terminal, Color.AUTO, {"NO_COLOR": ""}, True, id="empty-no-color-is-unset"),
        pytest.param(Terminal, Color.AUTO, {"TERM": "dumb"}, False, id="a-dumb-terminal"),
        pytest.param(io.StringIO, Color.AUTO, {"CLICOLOR_FORCE": "1"}, True, id="forced"),
        pytest.param(io.StringIO, Color.AUTO, {"CLICOLOR_FORCE": "0"}, False, id="forced-by-0"),
        pytest.param(io.StringIO, Color.ALWAYS, {"NO_COLOR": "1"}, True, id="option-beats-all"),
        pytest.param(Terminal, Color.NEVER, {"CLICOLOR_FORCE": "1"}, False, id="never-is-never"),
    ],
)
def test_colour(
    out: type[io.StringIO], color: Color, environment: dict[str, str], *, expected: bool
) -> None:
    assert console(out(), color=color, environment=environment).has_color is expected


def test_a_line_in_a_pipe_is_plain_and_on_a_terminal_coloured() -> None:
    pipe, terminal = io.StringIO(), Terminal()

    for out in (pipe, terminal):
        console(out).line(line("auc ", cell("0.91", Tone.GOOD)))

    assert pipe.getvalue() == "auc 0.91\n"
    assert terminal.getvalue() == "auc \x1b[32m0.91\x1b[0m\n"


def test_a_table_has_the_same_words_everywhere() -> None:
    pipe, terminal = io.StringIO(), Terminal()

    for out in (pipe, terminal):
        console(out, environment={"COLUMNS": "80"}).table(TABLE)

    assert pipe.getvalue().split() == ["run", "auc", "ab12", "0.91"]
    assert "\x1b[" not in pipe.getvalue()
    assert "\x1b[" in terminal.getvalue()


def test_nan_in_json_is_a_string_and_not_lost() -> None:
    out = io.StringIO()

    console(out).json({"auc": float("nan"), "loss": [float("inf"), -float("inf"), 1.5]})

    assert json.loads(out.getvalue()) == {"auc": "nan", "loss": ["inf", "-inf", 1.5]}


def test_an_error_is_message_details_and_hint() -> None:
    err = io.StringIO()
    error = ConfigError("branchline.yaml:3: no", todo="Write yes.", details=["one", "two"])

    Console(io.StringIO(), err, environment={}).error(error)

    assert err.getvalue() == "error: branchline.yaml:3: no\n  one\n  two\nhint: Write yes.\n"


@pytest.mark.parametrize(
    ("environment", "width"),
    [
        pytest.param({"COLUMNS": "72"}, 72, id="columns-says-it"),
        pytest.param({"COLUMNS": "0"}, 100, id="zero-is-no-width"),
        pytest.param({}, 100, id="a-pipe"),
    ],
)
def test_width(environment: dict[str, str], width: int) -> None:
    assert console(io.StringIO(), environment=environment).width == width


def test_progress_in_a_pipe_prints_each_change_once() -> None:
    out = io.StringIO()
    running = Row(stage="train", state=StageState.RUNNING)
    ended = Row(stage="train", state=StageState.SUCCEEDED, elapsed_s=3.21, text="epoch 3")

    with console(out).progress() as progress:
        for row in (Row(stage="train", state=StageState.QUEUED), running, running, ended, ended):
            progress.update([row])

    assert isinstance(progress, PlainProgress)
    assert out.getvalue() == "train running\ntrain succeeded after 3.2 s\n"


def test_progress_on_a_terminal_leaves_the_last_state_on_the_screen() -> None:
    out = Terminal()

    with console(out, environment={"COLUMNS": "60", "TERM": "xterm"}).progress() as progress:
        progress.update([Row(stage="train", state=StageState.RUNNING, text="epoch 1 [of 3]")])
        progress.say("note: made a store")
        progress.update([Row(stage="train", state=StageState.FAILED, elapsed_s=1, text="exit 3")])

    assert isinstance(progress, LiveProgress)
    last = out.getvalue().rpartition("✗")[2]
    assert "train" in last
    assert "exit 3" in last
    assert "note: made a store" in out.getvalue()


def test_a_control_character_in_a_log_never_reaches_the_terminal() -> None:
    out = io.StringIO()

    with console(out).progress() as progress:
        progress.update([Row(stage="a", state=StageState.FAILED, text="\x1b]0;evil\x07")])

    assert "\x1b" not in out.getvalue()


SENTENCES = Table(
    columns=(
        Column(heading="job", is_kept=True),
        Column(heading="branch", is_kept=True),
        Column(heading="what"),
        Column(heading="why", goes_below=True),
    ),
    rows=(
        (cell(1), cell("train/deeper-trees"), cell("train a-classifier"), cell("as it " * 8)),
        (cell(2), cell("main"), cell("train"), cell("")),
    ),
)


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_on_a_narrow_terminal_sentences_stand_below_their_rows(columns: int) -> None:
    out = Terminal()

    console(out, environment={"COLUMNS": str(columns), "NO_COLOR": "1"}).table(SENTENCES)

    lines = [line.rstrip() for line in plain(out.getvalue()).splitlines()]
    assert all(len(line) <= columns for line in lines)
    assert lines[1].startswith("1    train/deeper-trees  train")
    assert "as it as it as it" in out.getvalue()
    assert any(line.startswith("     as it as it") for line in lines)
    assert sum(line.startswith("2    main") for line in lines) == 1


def test_on_a_wide_terminal_they_stand_beside_them() -> None:
    out = Terminal()

    console(out, environment={"COLUMNS": "120", "NO_COLOR": "1"}).table(SENTENCES)

    assert plain(out.getvalue()).splitlines()[1].rstrip().endswith("as it as it")


def test_a_branch_gives_way_before_what_is_short_is_lost() -> None:
    rows = ((cell(17), cell("b" * 200), cell("train"), cell("why " * 20)),)
    out = Terminal()

    table = Table(columns=SENTENCES.columns, rows=rows)
    console(out, environment={"COLUMNS": "60", "NO_COLOR": "1"}).table(table)

    first = plain(out.getvalue()).splitlines()[1]
    assert first.startswith("17   bbbb")
    assert "train" in first
