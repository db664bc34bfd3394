"""A secret among the parameters counts, and stands nowhere that is shown or pushed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from branchline.core.plan.plan_json import explanation_to_json, plan_to_json
from branchline.core.plan.result_json import for_others, result_to_json
from branchline.render.plan import inputs_table, why_lines
from branchline.render.table import table_to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    Make = Callable[[Mapping[str, str]], Bench]

FILES = {
    "dvc.yaml": """
vars: [params.yaml]
stages:
  fit:
    cmd: fit --password ${db.password} --lr ${lr}
    params: [lr, db, api_key]
    outs: [model]
""",
    "params.yaml": "lr: 1\ndb: {user: ada, password: hunter2}\napi_key: 0e1x\n",
}
SECRETS = ("hunter2", "hunter3", "0e1x")


@pytest.fixture
def bench(make_bench: Make) -> Bench:
    made = make_bench(FILES)
    made.does["fit"] = made.writes("model", "m")
    return made


def shown_of(bench: Bench) -> str:
    """All that a user or another clone gets to see."""
    plan = bench.plan()
    (entry,) = plan.stages
    outcome = bench.run()
    assert outcome.finished is not None
    return "\n".join(
        [
            json.dumps(plan_to_json(plan)),
            json.dumps(explanation_to_json(plan.stages)),
            *(line.text for line in why_lines(entry)),
            table_to_text(inputs_table(entry.inputs)),
            *(json.dumps(result_to_json(result)) for result in bench.records.kept.values()),
            repr(bench.records.runs),
            repr(bench.told.stages),
        ]
    )


def test_a_secret_stands_in_nothing_that_is_shown_or_pushed(bench: Bench) -> None:
    first = shown_of(bench)
    bench.write("params.yaml", FILES["params.yaml"].replace("hunter2", "hunter3"))
    second = shown_of(bench)

    assert not [word for word in SECRETS if word in first + second]
    assert "ada" in first
    assert "`params.yaml:db.password` changed; it is a secret and not shown" in second
    assert len(bench.records.kept) == 2


def test_another_secret_runs_the_stage_and_the_old_one_is_known_again(bench: Bench) -> None:
    bench.run()
    bench.write("params.yaml", FILES["params.yaml"].replace("0e1x", "0e2x"))
    assert bench.actions() == {"fit": "run"}
    bench.run()

    bench.write("params.yaml", FILES["params.yaml"])

    assert bench.actions() == {"fit": "reuse"}


def test_dvc_lock_holds_what_dvc_compares_and_the_run_says_so(bench: Bench) -> None:
    outcome = bench.run()

    (entry,) = bench.lock_files.entries.values()
    assert entry.params is not None
    assert entry.params["params.yaml"]["api_key"] == "0e1x"
    assert any("looks like a secret" in note for note in outcome.walked.notes)


def test_a_lock_without_records_names_no_secret(bench: Bench) -> None:
    bench.run()
    bench.records.kept.clear()
    bench.run_cache.entries.clear()
    bench.write("params.yaml", FILES["params.yaml"].replace("0e1x", "0e2x"))

    reason = bench.of("fit").reason

    assert "`params.yaml:api_key` changed; it is a secret" in reason


def test_a_result_without_secrets_is_recorded_as_it_is(make_bench: Make) -> None:
    bench = make_bench({"dvc.yaml": "stages: {f: {cmd: f, params: [lr], outs: [o]}}\n",
                        "params.yaml": "lr: 1\n"})  # fmt: skip
    bench.does["f"] = bench.writes("o", "o")
    bench.run()

    (result,) = bench.records.kept.values()

    assert for_others(result) is result
