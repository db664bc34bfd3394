"""Which lines caused a finding: of settings, of a data schema, of parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from branchline.config.settings_files import SettingsFiles
from branchline.core.evidence import Evidence, Metric
from branchline.core.evidence.data.values import DataFinding, DataReport
from branchline.core.policy import Gate, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.judge import judge
from branchline.flows.ci_lines import annotation_of, lines_of, notes_of
from branchline.ports.ci import NoteLevel
from branchline.render.run_view import RunView

GATE = Gate(metrics=(MetricRule(name="auc", min=0.5, line=4),))
FILES = {
    "branchline.yaml": b"model: m\ngate:\n  metrics:\n    auc: {min: 0.5}\n",
    "params.yaml": b"# rates\ntrain:\n  depth: 3\n  lr: 0.1\n",
    "data/schema.yaml": b"columns:\n  age: {type: int}\n  name: {type: str}\n",
}


def view(auc: float = 0.4, *, changes: tuple[dict[str, Any], ...] = ()) -> RunView:
    metric = Metric(name="auc", file="metrics.json", value=auc, text=str(auc))
    evidence = Evidence(metrics=(metric,))
    return RunView(
        run="abc1234", model="m", commit="c" * 40, branch="x", subject="", author="",
        is_dirty=False, started_at="", duration_s=0.0, outcome="", trigger={}, stages=(),
        plan={"stages": [{"stage": "train", "changes": list(changes)}]}, evidence=evidence,
        verdict=judge(evidence, None, GATE), problems=(),
    )  # fmt: skip


def changed(name: str, **more: Any) -> dict[str, Any]:
    said = {"kind": "parameter", "name": name, "effect": "model", "sentence": f"`{name}` changed"}
    return {**said, **more}


def places(found: Any) -> list[tuple[str, int]]:
    return [(note.file, note.line) for note in found]


def test_a_bar_that_did_not_hold_and_what_changed_stand_at_their_lines() -> None:
    found = lines_of(view(changes=(changed("params.yaml:train.lr"),)), GATE, FILES.get, law=None)

    assert places(found) == [("branchline.yaml", 4), ("params.yaml", 4)]
    assert "0.4" in found[0].text
    assert found[1].text == "`params.yaml:train.lr` changed; the verdict is failed"


def test_nothing_is_said_of_what_passed() -> None:
    passed = view(0.9, changes=(changed("params.yaml:train.lr"),))

    assert lines_of(passed, GATE, FILES.get, law=None) == ()


def test_lines_of_another_tree_are_not_said_of_this_one() -> None:
    assert lines_of(view(), GATE, FILES.get, law=SettingsFiles.of_root(b"model: m\n")) == ()


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd:root", "/etc/passwd:root", "gone.yaml:a", "params.yaml", ":x", "a\nb:c",
     "branchline.yaml/../params.yaml:a"],
)  # fmt: skip
def test_a_record_names_no_file_that_the_commit_does_not_have(name: str) -> None:
    def show(path: str) -> bytes | None:
        assert path in (*FILES, "gone.yaml"), path
        return FILES.get(path)

    found = lines_of(view(changes=(changed(name),)), GATE, show, law=None)

    assert places(found) == [("branchline.yaml", 4)]


def test_a_rule_of_data_stands_at_its_column() -> None:
    broken = DataFinding(rule="between", column="name", sentence="3 of 9 are wrong.", broken=3)
    report = DataReport(
        check="schema", path="data.csv", against="data/schema.yaml", findings=(broken,)
    )
    bad = view(0.9)
    bad = replace(bad, evidence=replace(bad.evidence, data_checks=(report,)))

    (found,) = lines_of(bad, GATE, FILES.get, law=None)

    assert (found.file, found.line, found.level) == ("data/schema.yaml", 3, NoteLevel.ERROR)
    assert found.text == "data.csv: 3 of 9 are wrong."


def test_a_file_that_cannot_be_read_has_no_lines() -> None:
    broken = {**FILES, "params.yaml": b"a: [1\n"}

    found = lines_of(view(changes=(changed("params.yaml:a"),)), GATE, broken.get, law=None)

    assert places(found) == [("branchline.yaml", 4)]


def test_notes_travel_as_an_effect() -> None:
    notes = lines_of(view(), GATE, FILES.get, law=None)
    effect = annotation_of("c" * 40, "m", notes)

    assert annotation_of("c" * 40, "m", ()) is None
    assert effect is not None
    assert notes_of(effect) == notes
    assert notes[0].title == f"auc: {Outcome.FAILED.value}"
