"""What the forms of `branchline monitor` share: what is asked, how it is told and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.health import Health
from branchline.errors import (
    EXIT_FINE,
    EXIT_VERDICT_FAILED,
    EXIT_VERDICT_UNKNOWN,
    BranchlineError,
    ConfigError,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from branchline.cli.console import Console
    from branchline.core.effects.alarms import AlarmEffect
    from branchline.core.evidence.watched import Monitor
    from branchline.core.policy import Policy
    from branchline.flows.watching import Watched

CODES = {
    Health.HEALTHY: EXIT_FINE,
    Health.DEGRADED: EXIT_VERDICT_FAILED,
    Health.UNKNOWN: EXIT_VERDICT_UNKNOWN,
}
Row = tuple[str, str, str]
"""What an effect is, what holds now, why it failed; one of the last two empty."""


def asked_of(policy: Policy) -> Monitor:
    """What `monitor` of a model asks for.

    Raises:
        ConfigError: It has none.
    """
    from branchline.config.monitoring import monitor_of

    asked = monitor_of(policy)
    if asked is None:
        raise ConfigError(
            f"branchline.yaml: the model {policy.model} has no `monitor`: nothing is watched",
            todo="Add e.g. `monitor: {schedule: 17 */6 * * *, source: data/new.parquet,"
            " trained_on: data/train.parquet}`.",
        )
    return asked


def sayer(console: Console, options: argparse.Namespace) -> Callable[[str], None]:
    """What tells on the way what is done; nothing where JSON is printed."""
    from branchline.core.plain_text import plain

    return (lambda _text: None) if options.json else (lambda text: console.note(plain(text)))


def applied(effects: Sequence[AlarmEffect], apply: Callable[[AlarmEffect], str]) -> list[Row]:
    """Apply each, whatever became of those before it."""
    from branchline.core.values import without_secrets
    from branchline.render.look import alarm_effect_text

    rows: list[Row] = []
    for effect in effects:
        holds, error = "", ""
        try:
            holds = apply(effect)
        except BranchlineError as failure:
            parts = [failure.message, *failure.details[:3], failure.todo]
            error = without_secrets(" ".join(part for part in parts if part))
        rows.append((alarm_effect_text(effect), holds, error))
    return rows


def show(
    options: argparse.Namespace,
    console: Console,
    watched: Watched,
    rows: Sequence[Row],
    *,
    is_told: bool,
) -> None:
    """Print a look and what became of it."""
    from branchline.core.plain_text import plain
    from branchline.render.look import columns_table, look_lines, metrics_table, watched_to_json

    look = watched.look
    if options.json:
        console.json(
            watched_to_json(
                look, is_known=watched.is_known, is_dry=options.dry_run, effects=rows
            )
        )  # fmt: skip
        return
    console.lines(look_lines(look, is_known=watched.is_known))
    for table in (metrics_table(look), columns_table(look)):
        if table.rows:
            console.write()
            console.table(table)
    if not is_told and not options.dry_run:
        if look.alarm:
            console.note(
                "note: nobody is told of the alarm from here: name the repository (`--repo"
                " OWNER/NAME`, with GITHUB_TOKEN), or have GitHub look (`branchline workflows"
                " write`)"
            )
        return
    if rows:
        console.write()
    for what, holds, error in rows:
        if error:
            console.write(f"failed: {plain(what)}: {plain(error)}")
        else:
            console.write(f"{plain(holds)}." if holds else f"would {plain(what)}")
