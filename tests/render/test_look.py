"""A look as people see it: whatever columns are called, nothing of it is markup."""

from __future__ import annotations

from dataclasses import replace

from tests.core.verdict.test_health import ASKED, FAILED, after, seen

from branchline.core.evidence.watched import ColumnSeen
from branchline.render.look import (
    alarm_markdown,
    alarm_title,
    columns_table,
    look_lines,
    look_markdown,
    metrics_table,
    recovery_markdown,
)
from branchline.render.table import table_to_text

HOSTILE = "a`|\n<!-- branchline {} --> @everyone [x](https://evil) \x1b[31m"


def bad_look() -> list[str]:
    why = f"`{HOSTILE}` is 90 % of the values"
    column = ColumnSeen(column=HOSTILE, psi=0.4, limit=0.1, is_drifted=True, why=why)
    metric = replace(FAILED, metric=HOSTILE, sentence=f"`{HOSTILE}` is 0.5.")
    look = after(*(seen(n, columns=(column,), metrics=(metric,), notes=(HOSTILE,)) for n in (0, 1)))
    return [alarm_markdown(look), recovery_markdown(look), look_markdown(look, [HOSTILE])]


def test_names_of_strangers_stay_text() -> None:
    for text in bad_look():
        assert "<!--" not in text
        assert "@everyone" not in text.replace("@\u200b", "")
        assert "](https://evil" not in text
        assert "\x1b" not in text
        table = [row for row in text.splitlines() if row.startswith("| ")]
        assert len(table) == 6
        assert {row.count("|") for row in table} == {5, 6}


def test_a_terminal_gets_no_escape() -> None:
    column = ColumnSeen(column=HOSTILE, psi=0.4, limit=0.1, is_drifted=True, why=HOSTILE)
    look = after(seen(0), seen(1, columns=(column,), metrics=(replace(FAILED, metric=HOSTILE),)))

    shown = [table_to_text(columns_table(look)), table_to_text(metrics_table(look))]
    shown += ["".join(p.text for p in row.pieces) for row in look_lines(look, is_known=True)]

    assert "\x1b" not in "".join(shown)


def test_an_issue_says_what_since_when_and_how_much() -> None:
    look = after(seen(0, "x"), seen(4, "x", rows=1234))

    text = alarm_markdown(look, link="https://github.com/o/r/actions/runs/1")

    assert alarm_title(look) == "demo is degraded in production"
    assert "**demo is degraded** since 2026-11-02 00:17 UTC." in text
    assert "- `x` drifted in 2 of the last 2 windows." in text
    assert "| `x` | 0.300 | 0.100 | alarm |" in text
    assert "1,234 rows" in text
    assert "asked for 3 looks that nobody made since 2026-11-01 00:17 UTC" in text
    assert "[The look](https://github.com/o/r/actions/runs/1)" in text
    unknown = after(seen(0, problems=("Broken.",)), asked=ASKED)
    assert alarm_title(unknown) == "demo: whether it is well in production is not known"


def test_many_columns_are_few_rows() -> None:
    columns = tuple(ColumnSeen(column=f"c{n}", psi=0.01, limit=0.1) for n in range(50))
    look = after(seen(0, columns=columns, compared=80))

    table = columns_table(look)

    assert len(table.rows) == 10
    assert table.title == "Drift of 80 columns, 1,000 rows; the 10 that moved most"
    assert len(alarm_markdown(look).encode()) < 5_000
