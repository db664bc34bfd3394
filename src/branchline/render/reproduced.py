"""A recorded run beside the same run made again: values, table, sentences, JSON. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.values import SCHEMA_VERSION
from branchline.render.table import Align, Cell, Column, Line, Table, Tone, cell

if TYPE_CHECKING:
    from branchline.core.values import JsonValue
    from branchline.core.verdict.blame import Suspect

_DIGEST = 10
MAKES = "environment.make"
"""In place of a lock file: the setting by which the run itself makes its environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One metric or output, as recorded and as made again.

    Attributes:
        kind: `metric` or `output`. name: Of the metric, or path of the output.
        recorded, now: As text; "" where there is none. is_same: Whether they agree.
        within: Of a metric that moved: why that may be chance, in words; "" if it is not.
    """

    kind: str
    name: str
    recorded: str
    now: str
    is_same: bool
    within: str = ""

    @property
    def holds(self) -> bool:
        """Whether it came out the same, or as near as chance explains."""
        return self.is_same or bool(self.within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """What making a run again gave.

    Attributes:
        run: Its id. commit: Full hash. rows: What was compared.
        failure: Why it did not come to a comparison; "" when it did.
        is_cancelled: Whether it was stopped.
        moved: What surrounds the code and is not as it was then, a sentence each.
        environment: Lock file whose packages it was made with, or `MAKES`; "" for those that are
            here.
        suspects: What the stages where it began depended on and is not as it was.
        stages: Where it began: the first stages that left something else.
        knows_inputs: Whether the record says what the stages depended on.
        blame: Who is to blame for other numbers, in words; "" where nobody was looked for.
        proved: Names of inputs that, put back, brought the recorded numbers back.
    """

    run: str
    commit: str
    rows: tuple[Row, ...] = ()
    failure: str = ""
    is_cancelled: bool = False
    moved: tuple[str, ...] = ()
    environment: str = ""
    suspects: tuple[Suspect, ...] = ()
    stages: tuple[str, ...] = ()
    knows_inputs: bool = True
    blame: str = ""
    proved: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """In a word: identical, same_metrics, within_noise, different; "" without a comparison."""
        if self.failure or self.is_cancelled:
            return ""
        if self.is_same:
            return "identical"
        if not self.is_reproduced:
            return "different"
        moved = any(row.kind == "metric" and not row.is_same for row in self.rows)
        return "within_noise" if moved else "same_metrics"

    @property
    def is_same(self) -> bool:
        """Whether every metric and every output came out the same."""
        return not self.failure and not self.is_cancelled and all(r.is_same for r in self.rows)

    @property
    def is_reproduced(self) -> bool:
        """Whether the metrics did, or moved no more than chance; without any, the outputs.

        Many formats of models hold times or addresses: other bytes are no other model.
        """
        metrics = [row for row in self.rows if row.kind == "metric"]
        return self.is_same or (bool(metrics) and all(row.holds for row in metrics))


def reproduced_table(made: Reproduced) -> Table:
    """Metrics and outputs, as recorded and as made again."""
    return Table(
        columns=(
            Column(heading="what"),
            Column(heading="recorded", align=Align.RIGHT),
            Column(heading="again", align=Align.RIGHT),
            Column(heading=""),
        ),
        rows=tuple(
            (
                cell(row.name),
                cell(_shown(row, row.recorded)),
                cell(_shown(row, row.now)),
                _verdict(row),
            )
            for row in made.rows
        ),
    )


def _shown(row: Row, text: str) -> str:
    if not text:
        return "none"
    return text[:_DIGEST] if row.kind == "output" else text


def _verdict(row: Row) -> Cell:
    if row.is_same:
        return Cell(text="same bytes" if row.kind == "output" else "same", tone=Tone.GOOD)
    if row.kind == "output":
        return Cell(text="other bytes", tone=Tone.UNSURE)
    if row.within:
        return Cell(text="within the noise", tone=Tone.UNSURE)
    return Cell(text="differs", tone=Tone.BAD)


def reproduced_lines(made: Reproduced) -> tuple[Line, ...]:
    """What came of it, and what may explain a difference."""
    if made.is_cancelled:
        return (_line("Stopped; nothing was compared.", Tone.UNSURE),)
    notes = tuple(_line(f"note: {sentence}", Tone.DIM) for sentence in made.moved)
    if made.environment:
        verb = "finds" if made.environment == MAKES else "names"
        packages = f"note: made with the packages that `{made.environment}` {verb}"
        notes = (_line(packages, Tone.DIM), *notes)
    noise = tuple(
        _line(f"note: `{row.name}` is {row.within}", Tone.DIM) for row in made.rows if row.within
    )
    if made.failure:
        said = f"Run {made.run} could not be made again from {made.commit[:7]}: {made.failure}"
        return (_line(said, Tone.BAD), *notes)
    if made.is_same:
        return (_line(f"Run {made.run} came out the same, byte for byte.", Tone.GOOD), *notes)
    if made.outcome == "within_noise":
        said = f"Run {made.run} came out the same within the noise."
        return (_line(said, Tone.GOOD), *noise, *notes)
    if made.is_reproduced:
        count = sum(row.kind == "output" and not row.is_same for row in made.rows)
        outputs = "one output has" if count == 1 else f"{count} outputs have"
        said = f"Run {made.run} came out with the same metrics; {outputs} other bytes."
        return (_line(said, Tone.GOOD), *notes)
    blame = (_line(made.blame),) if made.blame else ()
    return (_line(f"Run {made.run} came out otherwise.", Tone.BAD), *blame, *noise, *notes)


def _line(text: str, tone: Tone = Tone.PLAIN) -> Line:
    return Line(pieces=(cell(text, tone),))


def reproduced_to_json(made: Reproduced) -> dict[str, JsonValue]:
    """`reproduce --json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": made.run,
        "commit": made.commit,
        "outcome": made.outcome or None,
        "is_same": made.is_same,
        "is_reproduced": made.is_reproduced,
        "is_cancelled": made.is_cancelled,
        "failure": made.failure,
        "environment": made.environment,
        "blame": made.blame,
        "suspects": [
            {
                "kind": suspect.kind.value,
                "name": suspect.name,
                "sentence": suspect.sentence,
                "is_proved": suspect.name in made.proved,
            }
            for suspect in made.suspects
        ],
        "began_in": list(made.stages),
        "notes": list(made.moved),
        "rows": [
            {
                "kind": row.kind,
                "name": row.name,
                "recorded": row.recorded,
                "now": row.now,
                "is_same": row.is_same,
                "within": row.within,
            }
            for row in made.rows
        ],
    }
