"""Meanings that travel with records: a clone without a cache parses only what differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.flows.meanings import FEWEST, FILE, meanings_to_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.core.plan.values import Plan

    Make = Callable[[Mapping[str, str]], Bench]

MODULES = 30
SETTINGS = "stages:\n  train: {cmd: python train.py, deps: [train.py], outs: [model]}\n"


def module(number: int) -> str:
    later = [n for n in (2 * number + 1, 2 * number + 2) if n < MODULES]
    imports = "".join(f"from package import m{n}\n" for n in later)
    return f"{imports}RATE = {number}\ndef f(x):\n    return x * {number}\n"


@pytest.fixture
def bench(make_bench: Make) -> Bench:
    """A stage whose script imports thirty modules; it has run once."""
    return bench_of(make_bench)


def without_records_of_meanings(bench: Bench) -> Plan:
    """The plan of somebody who parses everything."""
    held = {run: dict(files) for run, files in bench.records.trees.items()}
    for files in bench.records.trees.values():
        files.pop(FILE, None)
    try:
        return bench.plan()
    finally:
        bench.records.trees.update(held)


def parsed(bench: Bench) -> list[str]:
    """Files whose text a plan reads."""
    asked: list[str] = []
    read = bench.workspace.read

    def noted(path: str) -> bytes | None:
        asked.append(path)
        return read(path)

    bench.workspace.read = noted  # type: ignore[method-assign] # counts, and reads as before
    try:
        bench.plan()
    finally:
        bench.workspace.read = read  # type: ignore[method-assign]
    return sorted(path for path in set(asked) if path.endswith(".py"))


def test_nothing_is_parsed_where_nothing_changed(bench: Bench) -> None:
    assert parsed(bench) == []


def test_only_what_differs_is_parsed(bench: Bench) -> None:
    bench.write("package/m3.py", "# why\n" + module(3))
    bench.write("package/m7.py", module(7).replace("RATE = 7", "RATE = 8\nimport package.new"))
    bench.write("package/new.py", "X = 1\n")

    assert parsed(bench) == ["package/m3.py", "package/m7.py", "package/new.py"]


def test_without_such_a_record_all_is_parsed(bench: Bench) -> None:
    for files in bench.records.trees.values():
        files.pop(FILE)

    assert len(parsed(bench)) == MODULES + 2


@pytest.mark.parametrize(
    "text", [pytest.param(b"{", id="cut-off"), pytest.param(b'{"algorithm":"1"}', id="empty")]
)
def test_a_record_that_cannot_be_read_is_as_none(bench: Bench, text: bytes) -> None:
    expected = without_records_of_meanings(bench)
    for files in bench.records.trees.values():
        files[FILE] = text

    assert len(parsed(bench)) == MODULES + 2
    assert bench.plan() == expected


def test_an_entry_that_cannot_be_read_costs_one_parse(bench: Bench) -> None:
    blob = bench.workspace.blob("package/m5.py")
    for files in bench.records.trees.values():
        whole = json.loads(files[FILE])
        for group in whole["meanings"].values():
            if blob in group:
                group[blob][1] = "not a digest"
        files[FILE] = json.dumps(whole).encode()

    assert parsed(bench) == ["package/m5.py"]


def test_a_change_is_told_by_its_function_although_records_hold_no_functions(bench: Bench) -> None:
    bench.repo.files["b" * 40, "package/m4.py"] = bench.files["package/m4.py"]
    bench.write("package/m4.py", module(4).replace("x * 4", "x * 5"))
    planner = bench.planner()
    planner.plan()
    for files in bench.records.trees.values():
        files.update(meanings_to_record(planner.inputs.reader.said()))

    (change,) = bench.of("train").changes
    assert "changed in meaning: function `f`" in change.sentence


def test_few_files_are_not_worth_a_record(make_bench: Make) -> None:
    bench = make_bench({"dvc.yaml": SETTINGS, "train.py": "x = 1\n"})
    bench.does = {"train": bench.writes("model", "1")}
    bench.run()

    assert FILE not in next(iter(bench.records.trees.values()))
    assert meanings_to_record({}) == {}
    assert FEWEST > 1


EDITS = st.sampled_from(["comment", "constant", "import", "gone", "syntax", "new", "revert"])


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(edits=st.lists(st.tuples(EDITS, st.integers(0, MODULES - 1)), min_size=1, max_size=6))
def test_the_plan_is_that_of_one_who_parses_everything(
    make_bench: Make, edits: list[tuple[str, int]]
) -> None:
    bench = bench_of(make_bench)
    for edit, number in edits:
        path = f"package/m{number}.py"
        text = bench.files.get(path, module(number).encode()).decode()
        if edit == "gone":
            bench.files.pop(path, None)
            continue
        bench.write(
            path,
            {
                "comment": f"# {number}\n{text}",
                "constant": text.replace(f"RATE = {number}", f"RATE = {number + 100}"),
                "import": f"import package.m{(number * 7) % MODULES}\n{text}",
                "syntax": f"{text}\ndef broken(\n",
                "new": f"import package.extra\n{text}",
                "revert": module(number),
            }[edit],
        )
        if edit == "new":
            bench.write("package/extra.py", "Y = 2\n")

    def told() -> object:
        try:
            return bench.plan()
        except Exception as error:  # noqa: BLE001 # the same refusal is the same answer
            return str(error), getattr(error, "details", None)

    answer = told()
    for files in bench.records.trees.values():
        assert files.pop(FILE)
    assert answer == told()


def bench_of(make_bench: Make) -> Bench:
    files = {f"package/m{n}.py": module(n) for n in range(MODULES)}
    files |= {"package/__init__.py": "", "train.py": "from package import m0\n"}
    bench = make_bench(files | {"dvc.yaml": SETTINGS})
    bench.does = {"train": bench.writes("model", "1")}
    bench.run()
    return bench
