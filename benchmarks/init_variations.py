"""What `branchline init` finds in generated repositories of each layout, whose truth is known.

Most are looked at alone: `init` reads, and nothing is trained. With `--run` a sample of each layout
is really run, by `init --yes` and `run`, in an environment that has what the samples import.

    python benchmarks/init_variations.py [--layout NAME] [--most 400] [--axes] [--run 5]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from typing import TYPE_CHECKING

from init_layouts import dvc, hydra, monorepo, notebook, script, targets, trainer
from init_layouts.cases import OUTCOMES, THINGS, judged
from init_layouts.running import can_run, ran

if TYPE_CHECKING:
    from collections.abc import Sequence

    from init_layouts.cases import Case

LAYOUTS = {
    "Script": script.cases,
    "DVC": dvc.cases,
    "Hydra": hydra.cases,
    "Notebook": notebook.cases,
    "Trainer": trainer.cases,
    "Monorepo": monorepo.cases,
    "Targets": targets.cases,
}
EVERY = 1_000_000


def sampled(layout: str, most: int) -> list[Case]:
    """Cases of a layout, always the same ones; the script's are few enough to take all."""
    return LAYOUTS[layout](EVERY if layout == "Script" and most >= 400 else most)


def looked_at(cases: Sequence[Case]) -> list[tuple[Case, dict[str, str]]]:
    """What was found in each."""
    found = []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            found.append((case, judged(case, folder)))
    return found


def _print_table(layout: str, found: Sequence[tuple[Case, dict[str, str]]], seconds: float) -> None:
    print(f"\n{layout}: {len(found)} repositories, {1000 * seconds / len(found):.0f} ms each")
    print("| layout | what | right | asked | said that it is not known | wrong | silent |")
    print("|---|---|---|---|---|---|---|")
    for thing in THINGS:
        counts = Counter(outcomes[thing] for _, outcomes in found)
        cells = " | ".join(str(counts[outcome]) for outcome in OUTCOMES)
        print(f"| {layout} | {thing} | {cells} |")


def _print_axes(layout: str, found: Sequence[tuple[Case, dict[str, str]]]) -> None:
    """The same by each value of each axis, all things together."""
    by: dict[tuple[str, str], Counter[str]] = {}
    for case, outcomes in found:
        for pair in case.axes.items():
            by.setdefault(pair, Counter()).update(outcomes.values())
    print("\n| layout | axis | value | right | asked | said | wrong | silent |")
    print("|---|---|---|---|---|---|---|---|")
    for (axis, value), counts in sorted(by.items()):
        cells = " | ".join(str(counts[outcome]) for outcome in OUTCOMES)
        print(f"| {layout} | {axis} | {value} | {cells} |")


def _run(layout: str, cases: Sequence[Case], number: int) -> list[str]:
    """Run so many, and say what was not as it must be."""
    problems: list[str] = []
    outcomes: Counter[str] = Counter()
    for case in [case for case in cases if can_run(case)][:number]:
        with tempfile.TemporaryDirectory() as folder:
            for ending in ran(case, folder):
                outcomes[ending.outcome] += 1
                problems += filter(None, [ending.problem(case)])
    shown = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"\n{layout}, really run: {shown or 'none'}; not as they must be: {len(problems)}")
    return problems


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--layout", choices=LAYOUTS, help="only this one")
    parser.add_argument("--most", type=int, default=400, help="repositories of each layout")
    parser.add_argument("--axes", action="store_true", help="by each value of each axis, too")
    parser.add_argument("--failures", action="store_true", help="list what went wrong")
    parser.add_argument("--run", type=int, default=0, help="really run so many of each layout")
    options = parser.parse_args()
    failures: list[str] = []
    for layout in [options.layout] if options.layout else LAYOUTS:
        cases = sampled(layout, options.most)
        began = time.perf_counter()
        found = looked_at(cases)
        _print_table(layout, found, time.perf_counter() - began)
        if options.axes:
            _print_axes(layout, found)
        if options.run:
            failures += _run(layout, cases, options.run)
        failures += [
            f"{layout}: {thing} {outcome}: {case.name}"
            for case, outcomes in found
            for thing, outcome in outcomes.items()
            if outcome in ("wrong", "silent")
        ]
    print(f"\nwrong or silent, or run otherwise than they must: {len(failures)}")
    if options.failures:
        print("\n".join(failures))


if __name__ == "__main__":
    main()
