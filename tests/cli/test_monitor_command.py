"""`branchline monitor` as a user calls it: one look, what it says, and what it keeps."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from branchline.flows import looks

pytest.importorskip("duckdb")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

SETTINGS = """\
model: team/demo
train: {run: sh train.sh, deps: [data/train.csv]}
gate: {metrics: {rows: {min: 1}}}
monitor:
  schedule: "17 */6 * * *"
  source: data/new.csv
  trained_on: data/train.csv
  columns: {exclude: [id]}
"""
TRAIN = """\
mkdir -p model && wc -l < data/train.csv > model/m
echo "{\\"rows\\": $(wc -l < data/train.csv)}" > metrics.json
"""


def table(seed: int = 0, *, rows: int = 800, mean: float = 40.0, sites: str = "ab") -> str:
    draw = random.Random(seed)
    lines = [f"{i},{draw.gauss(mean, 8):.1f},{sites[i % len(sites)]}" for i in range(rows)]
    return "\n".join(["id,age,site", *lines]) + "\n"


def project(settings: str = SETTINGS) -> dict[str, str]:
    return {
        "branchline.yaml": settings,
        "train.sh": TRAIN,
        "data/train.csv": table(),
        ".gitignore": "/model/\n/metrics.json\n/branchline.lock\n/data/new.csv\n/live.json\n",
    }


@pytest.fixture
def clone(make_clone: MakeClone) -> Clone:
    """A project with a model in use."""
    made = make_clone(project())
    assert made.call("run").code == 0
    return made


def looked(clone: Clone, *words: str) -> dict[str, Any]:
    said = clone.call("monitor", "--json", *words)
    found: dict[str, Any] = json.loads(said.out)
    found["code"] = said.code
    return found


def kept(clone: Clone) -> list[str]:
    home = "refs/branchline/looks/"
    return clone.git("for-each-ref", "--format=%(refname)", home).splitlines()


def drifted(clone: Clone) -> None:
    """Two windows of which `age` drifted."""
    for seed in (7, 8):
        clone.write("data/new.csv", table(seed, mean=46))
        looked(clone)


def test_a_look_at_a_model_that_is_well(clone: Clone) -> None:
    clone.write("data/new.csv", table(1))

    said = clone.call("monitor")

    assert said.code == 0, said.err
    assert said.out.startswith("team/demo: healthy since 20")
    assert "No column is in alarm." in said.out
    assert "In production: run `" in said.out
    assert "Drift of 2 columns, 800 rows" in said.out
    assert "id " not in said.out.partition("column")[2]
    assert len(kept(clone)) == 1
    assert kept(clone)[0].startswith("refs/branchline/looks/team.demo/20")


def test_drift_is_an_alarm_at_the_second_window_and_over_when_it_goes(clone: Clone) -> None:
    clone.write("data/new.csv", table(1))
    looked(clone)
    codes, states = [], []
    for seed, mean in ((2, 46), (3, 46), (4, 40), (5, 40)):
        clone.write("data/new.csv", table(seed, mean=mean))
        found = looked(clone)
        codes.append(found["code"])
        states.append((found["health"], found["drifting"]))

    assert codes == [0, 3, 3, 0]
    assert states[0] == ("healthy", [])
    assert states[1] == ("degraded", ["age"])
    said = clone.call("monitor")
    assert "The very same was seen at" in said.out


def test_the_same_window_looked_at_twice_is_one_look(clone: Clone) -> None:
    clone.write("data/new.csv", table(2, mean=46))

    first, again = looked(clone), looked(clone)

    assert (first["is_known"], again["is_known"]) == (False, True)
    assert again["at"] == first["at"]
    assert again["health"] == "unknown"
    assert len(kept(clone)) == 1


def test_a_dry_run_keeps_nothing(clone: Clone) -> None:
    drifted(clone)
    before = kept(clone)
    clone.write("data/new.csv", table(9, mean=46))

    said = clone.call("monitor", "--dry-run")

    assert said.code == 3
    assert "would have one issue for the alarm of team/demo" in said.out
    assert kept(clone) == before
    assert looked(clone, "--dry-run")["is_dry_run"] is True


def test_an_alarm_that_nobody_is_told_of_says_so(clone: Clone) -> None:
    drifted(clone)

    said = clone.call("monitor")

    assert "note: nobody is told of the alarm from here" in said.err


def test_few_rows_are_not_judged_and_said(clone: Clone) -> None:
    clone.write("data/new.csv", table(1, rows=100, mean=80))
    first = looked(clone)
    clone.write("data/new.csv", table(2))
    looked(clone)
    clone.write("data/new.csv", table(3, rows=1, mean=80))
    later = looked(clone)

    assert (first["code"], first["health"], first["alarm"]) == (4, "unknown", "")
    assert "this window has 100 rows, and 500 are the least" in first["reasons"][0]
    assert (later["code"], later["health"]) == (0, "healthy")
    assert any("was not judged: it has 1 row" in reason for reason in later["reasons"])


def test_a_column_to_leave_out_is_written_as_yaml_takes_it(make_clone: MakeClone) -> None:
    names = "id,a: b],site"
    clone = make_clone(project() | {"data/train.csv": table().replace("id,age,site", names)})
    assert clone.call("run").code == 0
    clone.write("data/new.csv", table(1))

    assert 'exclude: ["a: b]"]' in looked(clone)["reasons"][0]
    clone.write("branchline.yaml", SETTINGS.replace("[id]", '["a: b]", id]'))
    assert looked(clone)["health"] == "healthy"


def test_text_in_a_column_of_numbers_is_named(clone: Clone) -> None:
    rows = table(1).splitlines()
    text = [rows[0], *(f"{i},hello,a" for i in range(len(rows) - 1))]
    clone.write("data/new.csv", "\n".join(text) + "\n")

    (age,) = (one for one in looked(clone)["columns"] if one["column"] == "age")

    assert age["why"] == "missing or no number in 100.0% of the rows, was 0.0%"


def test_another_schema_is_refused_with_the_difference(clone: Clone) -> None:
    rows = table(1).replace("id,age,site", "id,years,site")
    clone.write("data/new.csv", rows)

    found = looked(clone)

    assert (found["code"], found["health"]) == (4, "unknown")
    assert "lacks `age`" in found["reasons"][0]
    assert "exclude: [age]" in found["reasons"][0]
    assert found["notes"] == ["New columns, which the reference does not have: `years`."]
    assert found["alarm"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(None, "There are no data at `data/new.csv`", id="nothing-there"),
        pytest.param("", "`data/new.csv`", id="an-empty-file"),
        pytest.param("id,age,site\n", "has no row", id="no-rows"),
        pytest.param("\0\1\2", "data/new.csv", id="no-table"),
    ],
)
def test_data_that_cannot_be_compared_are_not_known(
    clone: Clone, content: str | None, expected: str
) -> None:
    if content is not None:
        clone.write("data/new.csv", content)

    said = clone.call("monitor")

    assert said.code == 4, said.out + said.err
    assert expected in said.out
    assert "Traceback" not in said.err


def test_strings_in_a_numeric_column_and_columns_without_values(clone: Clone) -> None:
    rows = table(1).splitlines()
    clone.write("data/new.csv", "\n".join([rows[0], *(f"{i},unknown," for i in range(800))]) + "\n")

    found = looked(clone)

    assert found["code"] in (0, 4)
    assert {row["column"] for row in found["columns"] if row["is_drifted"]} == {"age", "site"}


def test_before_there_is_a_model_nothing_is_wrong(make_clone: MakeClone) -> None:
    clone = make_clone(project())
    clone.write("data/new.csv", table(1))

    found = looked(clone)

    assert (found["code"], found["alarm"]) == (4, "")
    assert "there is no model in production yet" in found["reasons"][0]


def test_a_record_without_a_profile_says_what_to_write(make_clone: MakeClone) -> None:
    clone = make_clone(project(SETTINGS.partition("monitor:")[0]))
    clone.call("run")
    clone.write("branchline.yaml", SETTINGS)
    clone.write("data/new.csv", table(1))

    found = looked(clone)
    clone.write("branchline.yaml", SETTINGS + "  reference: data/train.csv\n")
    refused = clone.call("monitor")
    clone.write(
        "branchline.yaml",
        SETTINGS.replace("trained_on: data/train.csv", "reference: data/train.csv"),
    )
    named = looked(clone)

    assert "does not say what `data/train.csv` looked like" in found["reasons"][0]
    assert "reference: data/train.csv" in found["reasons"][0]
    assert refused.code == 1
    assert ": monitor.trained_on: goes with" in refused.err
    assert (named["code"], named["health"]) == (0, "healthy")


def test_a_run_says_that_its_data_cannot_be_compared_with(make_clone: MakeClone) -> None:
    clone = make_clone(project() | {"data/train.csv": "\0\xff,\n"})

    said = clone.call("run")

    assert said.code == 0
    assert "cannot compare new data with those of this run: `data/train.csv` cannot be" in said.err
    clone.write("data/new.csv", table(1))
    assert "where `data/train.csv` can be read" in looked(clone)["reasons"][0]


METRICS = """\
model: m
train: {run: sh train.sh, deps: [data/train.csv]}
monitor:
  run: sh fetch.sh
  metrics: {auc: {min: 0.9}, loss: {max: 1}}
  metrics_from: live.json
"""


@pytest.mark.parametrize(
    ("left", "health", "expected"),
    [
        pytest.param("{\"auc\": 0.9, \"loss\": 1}", "healthy", "All 2 metrics", id="at-the-bounds"),
        pytest.param("{\"auc\": 0.89, \"loss\": 0}", "degraded", "`auc` is 0.89", id="below"),
        pytest.param("{\"auc\": NaN, \"loss\": 0}", "unknown", "`auc`", id="nan-is-not-known"),
        pytest.param("{\"loss\": 0}", "unknown", "`auc`", id="missing-is-not-known"),
        pytest.param("no json", "unknown", "live.json", id="unreadable-is-not-known"),
        pytest.param("", "unknown", "did not leave it anew", id="stale-is-not-known"),
    ],
)  # fmt: skip
def test_metrics_are_judged_as_the_gate_does(
    make_clone: MakeClone, left: str, health: str, expected: str
) -> None:
    clone = make_clone(project(METRICS))
    clone.write("live.json", '{"auc": 0.95, "loss": 0}')
    clone.settle()
    clone.write("fetch.sh", f"echo '{left}' > live.json\n" if left else "true\n")

    found = looked(clone)

    assert found["health"] == health, found
    assert any(expected in reason for reason in found["reasons"]), found["reasons"]


LABELS = """\
model: m
train: {run: sh train.sh, deps: [data/train.csv]}
monitor:
  metrics: {roc_auc: {min: 0.9}, accuracy: {min: 0.7}}
  labels: {path: labelled.csv, target: y, score: p}
"""


def labelled(*, rows: int = 600, swapped: int = 0) -> str:
    """Rows whose score tells the truth, but for some in a hundred."""
    lines = [f"{i % 2},{abs((i % 2) - (i % 100 < swapped)) * 0.8 + 0.1}" for i in range(rows)]
    return "\n".join(["y,p", *lines]) + "\n"


@pytest.mark.parametrize(
    ("content", "health", "expected"),
    [
        pytest.param(labelled(), "healthy", "All 2 metrics", id="well"),
        pytest.param(labelled(swapped=20), "degraded", "`roc_auc` is 0.8", id="concept-drift"),
        pytest.param(labelled(rows=10), "unknown", "10 labelled rows, and 500", id="few"),
        pytest.param(labelled() + ",0.5\n", "unknown", "labelled.csv", id="a-label-is-missing"),
        pytest.param("y,q\n1,1\n", "unknown", "labelled.csv", id="no-such-column"),
        pytest.param(None, "unknown", "no labelled rows at `labelled.csv`", id="no-file"),
    ],
)
def test_metrics_are_computed_where_the_truth_is_known(
    make_clone: MakeClone, content: str | None, health: str, expected: str
) -> None:
    pytest.importorskip("numpy")
    clone = make_clone(project(LABELS))
    if content is not None:
        clone.write("labelled.csv", content)

    found = looked(clone)

    assert found["health"] == health, found
    said = [*found["reasons"], *(row["sentence"] for row in found["metrics"])]
    assert any(expected in sentence for sentence in said), said
    assert bool(found["alarm"]) == (expected not in ("All 2 metrics", "10 labelled rows, and 500"))


def test_what_fetches_may_fail_and_hang(make_clone: MakeClone) -> None:
    clone = make_clone(project(METRICS + "  timeout: 1s\n"))
    clone.write("fetch.sh", "echo 'no such bucket' >&2\nexit 7\n")
    failed = looked(clone)
    clone.write("fetch.sh", "sleep 60\n")
    hung = looked(clone)

    assert failed["health"] == hung["health"] == "unknown"
    said = next(one for one in failed["problems"] if "monitor.run" in one)
    assert "exit code 7" in said
    assert "no such bucket" in said
    assert "timeout" in hung["problems"][0]
    assert failed["alarm"] == hung["alarm"] != ""


def test_no_more_looks_are_kept_than_are_needed(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "MOST_LOOKS", 3)
    for seed in range(5):
        clone.write("data/new.csv", table(seed + 20))
        looked(clone)

    assert len(kept(clone)) == 3


def test_a_look_that_is_killed_leaves_nothing_or_all_of_it(clone: Clone) -> None:
    clone.write("data/new.csv", table(1))
    command = [sys.executable, "-m", "branchline", "monitor", "--json"]
    for wait_s in (0.3, 0.6, 0.9, 1.2):
        process = subprocess.Popen(
            command, cwd=clone.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    found = looked(clone)

    assert found["code"] == 0
    assert len(kept(clone)) == 1


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        pytest.param("monitor: {}", "monitor: needs one of `source`, `metrics`", id="nothing"),
        pytest.param("monitor: {metrics: {a: {min: 1}}}", "come from nowhere", id="no-file"),
        pytest.param(
            "monitor: {source: x, metrics_from: y, metrics: {a: {}}}", "has no bound", id="no-bound"
        ),
        pytest.param("monitor: {source: x, min_rows: 10}", ">= 200", id="few"),
        pytest.param("monitor: {source: x, schedule: often}", "five fields of cron", id="cron"),
        pytest.param(
            "monitor: {source: x, actions: [{do: rollback}]}", "open_issue", id="no-such-action"
        ),
        pytest.param(
            "monitor: {source: x, actions: [{do: open_issue, cooldown: 1d}]}", "`do: retrain` only",
            id="a-cool-down-of-nothing",
        ),
        pytest.param("monitor: {source: x, windw: 1d}", "unknown key", id="unknown-key"),
        pytest.param("monitor: {source: x}", "which data the model was", id="no-trained"),
        pytest.param(
            "monitor: {source: x, trained_on: y, schedule: '61 * * * *'}", "`61` is not in 0 to 59",
            id="a-minute-that-is-none",
        ),
        pytest.param(
            "monitor: {metrics: {a: {min: 1}}, labels: {target: y, score: p}}", "has no `path`",
            id="labels-of-no-file",
        ),
        pytest.param("monitor: {source: x, labels: {target: y, score: p}}", "go with `metrics`",
                     id="labels-of-no-metric"),
        pytest.param("", "has no `monitor`", id="no-monitor"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_with_what_to_write(
    make_clone: MakeClone, added: str, expected: str
) -> None:
    clone = make_clone(project(SETTINGS.partition("monitor:")[0] + added + "\n"))
    clone.call("run")

    said = clone.call("monitor")

    assert said.code in (1, 2)
    assert expected in said.err
    assert "branchline.yaml" in said.err


def test_jobs_alone_hand_on(clone: Clone) -> None:
    for word in ("--leave", "--from"):
        said = clone.call("monitor", word, "x")
        assert said.code == 2
        assert "jobs of GitHub Actions" in said.err
    assert "neither --json nor --dry-run" in clone.call("monitor", "--leave", "x", "--json").err


def test_data_may_be_parquet_with_a_column_of_another_type(make_clone: MakeClone) -> None:
    import duckdb

    clone = make_clone(project(SETTINGS.replace(".csv", ".parquet")))
    for path, cast in (("train", "DOUBLE"), ("new", "VARCHAR")):
        place = os.path.join(clone.root, f"data/{path}.parquet")
        duckdb.sql(
            f"COPY (SELECT i AS id, CAST(i % 50 AS {cast}) AS age, 'a' AS site"
            f" FROM range(800) t(i)) TO '{place}' (FORMAT parquet)"
        )
    clone.write("train.sh", TRAIN.replace(".csv", ".parquet"))
    clone.write(".gitignore", project()[".gitignore"] + "/data/\n")
    clone.commit()
    assert clone.call("run").code == 0

    found = looked(clone)

    assert found["code"] == 4
    assert "`age` is VARCHAR and was number" in found["reasons"][0]


SLOW = SETTINGS + "  run: sh fetch.sh\n"
FETCH = "touch hangs\nwhile [ -e hang ]; do sleep 0.05; done\n"


def hanging(clone: Clone) -> subprocess.Popen[bytes]:
    """A look whose command runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "branchline", "monitor"],
        cwd=clone.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not (clone.root / "hangs").exists():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    (clone.root / "hangs").unlink()
    return process


def test_two_looks_at_once_do_not_fetch_over_each_other(make_clone: MakeClone) -> None:
    clone = make_clone(project(SLOW) | {"fetch.sh": FETCH, "hang": ""})
    first = hanging(clone)
    try:
        second = clone.call("monitor")

        assert second.code == 1
        assert "another process of this machine looks at team/demo" in second.err
        assert not (clone.root / "hangs").exists()
    finally:
        (clone.root / "hang").unlink()
        first.wait(60)


def test_what_a_killed_look_left_running_ends_before_the_next(make_clone: MakeClone) -> None:
    left = FETCH + "touch late\n"
    clone = make_clone(project(SLOW) | {"fetch.sh": left, "hang": ""})
    killed = hanging(clone)
    killed.kill()
    killed.wait()
    clone.write("fetch.sh", "sleep 0.2\n")

    said = clone.call("monitor")

    assert "monitor.run` failed" not in said.out
    (clone.root / "hang").unlink()
    time.sleep(0.3)
    assert not (clone.root / "late").exists()
