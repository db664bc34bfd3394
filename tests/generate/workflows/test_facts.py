"""What GitHub would refuse, or do otherwise, is refused before anything is written."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.generate.workflows.combinations import asked_of

from branchline.core.pipeline import Dep, Out, Pipeline, Stage
from branchline.core.policy import Policy, Resources
from branchline.errors import ConfigError
from branchline.generate.workflows.cron import cron_problem
from branchline.generate.workflows.parts import parts_of as parts_of_pipeline


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param(
            "resources: {train: {runs_on: [self-hosted]}}", "only `self-hosted`", id="bare-label"
        ),
        pytest.param("github: {runs_on: []}", "is empty", id="no-label"),
        pytest.param("github: {secrets: [A, a]}", "holds `a`", id="secret-twice"),
        pytest.param(
            "github: {secrets: [A], variables: [A]}", "github.variables", id="secret-and-variable"
        ),
        pytest.param("github: {variables: [MODEL]}", "holds `MODEL`", id="variable-of-ours"),
        pytest.param(
            "github: {secrets: [GITHUB_TOKEN]}", "holds `GITHUB_TOKEN`", id="token-as-a-secret"
        ),
        pytest.param(
            "checks: [{name: a, run: b, matrix: {x: [1], X: [2]}}]", "twice", id="axis-twice"
        ),
        pytest.param("github: {runs_on: [windows-2025]}", "Linux and macOS", id="windows"),
        pytest.param("github: {python: '3.10'}", "needs 3.11 or newer", id="old-python"),
        pytest.param(
            "pull_requests: {forks: train}\ngithub: {runs_on: [our-box]}",
            "an own runner",
            id="forks-and-a-label-that-github-does-not-give",
        ),
        pytest.param(
            "resources: {train: {timeout: 7h}}", "after 6 hours", id="longer-than-a-hosted-job"
        ),
        pytest.param(
            "resources: {train: {runs_on: [self-hosted, a], timeout: 6d}}",
            "after 5 days",
            id="longer-than-any-job",
        ),
        pytest.param("retrain: {schedule: '*/2 * * * *'}", "every 5 minutes", id="too-often"),
        pytest.param(
            "checks: [{name: a, run: 'echo ${{ github.token }}'}]", "${{", id="expression"
        ),
        pytest.param(
            "checks: [{name: a, run: \"a\\rb\"}]", "control character", id="control-character"
        ),
        pytest.param(
            "checks: [{name: a, run: b, matrix: {x: [" + ",".join(map(str, range(257))) + "]}}]",
            "makes 257 jobs",
            id="too-many-jobs",
        ),
        pytest.param(
            "checks: [{name: a, run: b, matrix: {'x y': [1]}}]", "no name", id="no-name-of-an-axis"
        ),
        pytest.param(
            "checks: [{name: a, run: b, matrix: {include: [1]}}]", "no name", id="word-of-github"
        ),
        pytest.param(
            "checks: [{name: a, run: b, matrix: {x: ['${{ secrets.A }}']}}]", "plain", id="value"
        ),
        pytest.param(
            "checks: [{name: a, run: b, matrix: {x: [3.10]}}]", "Quote it", id="version-as-a-number"
        ),
        pytest.param(
            "checks: [{name: a, run: b, matrix: {x: ['1']}, exclude: [{x: '2'}]}]",
            "is `2`, which the matrix does not have", id="exclusion-of-nothing",
        ),
        pytest.param(
            "checks: [{name: a, run: b, exclude: [{y: '2'}]}]",
            "write one of: no matrix", id="exclusion-without-a-matrix",
        ),
        pytest.param(
            "checks: [{name: a, run: b, matrix: {x: ['1']}, exclude: [{x: '1'}]}]",
            "leaves no combination", id="exclusion-of-all",
        ),
        pytest.param(
            "registry: {kind: mlflow, uri: '${env:TRACKER}'}",
            "github: {variables: [TRACKER]}", id="a-tracker-that-no-job-can-reach",
        ),
        pytest.param(
            "pull_requests: {forks: train}\ngithub: {secrets: [A]}", "secrets", id="fork-and-secret"
        ),
        pytest.param(
            "pull_requests: {forks: train}\nresources: {train: {runs_on: [self-hosted, a]}}",
            "an own runner",
            id="forks-and-own-runners",
        ),
        pytest.param(
            "tune: {objective: {metric: auc}, space: {b: [1, 2]}}\n"
            "branches: {t: {do: tune, open_pull_request: {branch: x, mode: app}}}",
            "has no `app`",
            id="app-without-an-app",
        ),
    ],
)  # fmt: skip
def test_refusals(settings: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        asked_of(f"model: m\n{settings}\n")

    assert said in f"{caught.value.message} {caught.value.todo}"
    assert caught.value.todo


CPU, GPU = ("ubuntu-24.04",), ("self-hosted", "gpu")


def parts_of(resources: str, *stages: str, more: str = "") -> list[tuple[tuple[str, ...], Any]]:
    text = f"model: m\nresources: {{{resources}}}\n{more}"
    facts = asked_of(text, stages=stages).facts[0]
    return [(part.stages, part.runs_on) for part in facts.parts]


def runs(stage: str, labels: tuple[str, ...]) -> str:
    return f"{stage}: {{runs_on: [{', '.join(labels)}]}}"


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param("", [(("a", "b", "c"), CPU)], id="no-runner-named"),
        pytest.param(runs("b", GPU), [(("a", "b", "c"), GPU)], id="one-runner-for-all"),
        pytest.param(
            f"{runs('a', CPU)}, {runs('b', GPU)}",
            [(("a",), CPU), (("b", "c"), GPU)],
            id="what-names-none-stays-where-its-input-is",
        ),
        pytest.param(
            f"{runs('a', CPU)}, {runs('b', GPU)}, {runs('c', CPU)}",
            [(("a",), CPU), (("b",), GPU), (("c",), CPU)],
            id="there-and-back",
        ),
        pytest.param(
            f"{runs('b', CPU)}, {runs('c', GPU)}",
            [(("a", "b"), CPU), (("c",), GPU)],
            id="the-first-follows-the-next",
        ),
    ],
)
def test_stages_train_where_they_can(
    resources: str, expected: list[tuple[tuple[str, ...], tuple[str, ...]]]
) -> None:
    assert parts_of(resources, "a", "b", "c") == expected


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        pytest.param("stages: [a], ", CPU, id="all-that-a-trial-runs-names-one"),
        pytest.param(
            "stages: [b], runs_on: [self-hosted, big], ", ("self-hosted", "big"), id="said"
        ),
    ],
)
def test_a_search_runs_on_one_machine(words: str, labels: tuple[str, ...]) -> None:
    resources = f"resources: {{{runs('a', CPU)}, {runs('b', GPU)}}}\n"
    tune = f"tune: {{{words}objective: {{metric: f1}}, space: {{y: [1, 2]}}}}\n"

    asked = asked_of(f"model: m\n{resources}{tune}", stages=("a", "b"))

    assert asked.facts[0].tune is not None
    assert asked.facts[0].tune.runs_on == labels


@pytest.mark.parametrize(
    "words",
    [pytest.param("", id="all-stages"), pytest.param("stages: [b], ", id="a-stage-and-its-needs")],
)
def test_a_search_whose_stages_name_several_machines_has_to_say_which(words: str) -> None:
    resources = f"resources: {{{runs('a', CPU)}, {runs('b', GPU)}}}\n"
    tune = f"tune: {{{words}objective: {{metric: f1}}, space: {{y: [1, 2]}}}}\n"

    with pytest.raises(ConfigError, match="a search is one job") as caught:
        asked_of(f"model: m\n{resources}{tune}", stages=("a", "b"))

    assert caught.value.todo == "Say which: tune: {runs_on: [ubuntu-24.04]}."


def test_noise_of_training_and_several_machines_are_refused_together() -> None:
    replicates = "gate: {metrics: {a: {min: 0}}, replicates: {seed: s, max: 3}}\n"

    with pytest.raises(ConfigError, match=r"gate\.replicates"):
        parts_of(f"{runs('a', CPU)}, {runs('b', GPU)}", "a", "b", more=replicates)


@given(st.data())
def test_whatever_needs_what_every_stage_is_trained_once_after_what_it_needs(
    data: st.DataObject,
) -> None:
    count = data.draw(st.integers(1, 7))
    kinds = [data.draw(st.sampled_from(["", "x", "y", "z"])) for _ in range(count)]
    needs = [data.draw(st.sets(st.integers(0, n - 1))) if n else set() for n in range(count)]
    order = data.draw(st.permutations(range(count)))
    stages = tuple(
        Stage(
            name=f"s{n}", address=f"s{n}", cmd=("x",), cmd_is_list=False, wdir=".", file="d",
            line=1,
            deps=tuple(Dep(path=f"o{need}", spelled=f"o{need}") for need in sorted(needs[n])),
            outs=(Out(path=f"o{n}", spelled=f"o{n}"),),
        )
        for n in order
    )  # fmt: skip
    policy = Policy(
        model="m",
        resources={f"s{n}": Resources(runs_on=(kind,)) for n, kind in enumerate(kinds) if kind},
    )

    parts = parts_of_pipeline(policy, Pipeline(stages=stages))

    place = {stage: number for number, part in enumerate(parts) for stage in part.stages}
    flat = [stage for part in parts for stage in part.stages]
    assert sorted(flat) == sorted(f"s{n}" for n in range(count))
    for n, kind in enumerate(kinds):
        assert not kind or parts[place[f"s{n}"]].runs_on == (kind,)
        assert all(place[f"s{need}"] <= place[f"s{n}"] for need in needs[n])
    neighbours = itertools.pairwise(parts)
    assert all(one.runs_on != other.runs_on for one, other in neighbours)


def test_models_whose_files_would_be_the_same_are_refused() -> None:
    with pytest.raises(ConfigError, match="another model has the file"):
        asked_of("models: {a/b: {}, a-b: {}}\ngithub: {matrix: false}\n")
    with pytest.raises(ConfigError, match="its results would have the name of those of a/b"):
        asked_of("models: {a/b: {}, a-b: {}}\n")


def test_the_limit_of_a_training_is_the_sum_of_its_stages_and_a_margin() -> None:
    asked = asked_of(
        "model: m\nresources: {a: {timeout: 1h}, b: {timeout: 30m, retries: 2}}\n",
        stages=("a", "b"),
    )

    assert asked.facts[0].parts[0].minutes == 60 + 3 * 30 + 15


def test_the_first_rule_that_matches_is_the_last_pattern_of_github() -> None:
    asked = asked_of(
        "model: m\nbranches: {'a/secret': {do: nothing}, 'a/**': {do: train}, 'z': {do: nothing}}\n"
    )

    assert asked.facts[0].push == ("a/**", "!a/secret")


def test_a_setting_that_changes_no_workflow_changes_no_digest() -> None:
    one = asked_of("model: m\ngate: {metrics: {auc: {min: 0.8}}}\n")
    other = asked_of("model: m\ngate: {metrics: {f1: {min: 0.9}}}\n")

    assert one.files == other.files


def test_hostile_texts_stay_texts() -> None:
    name = 'x": y # <<folder>> - *&!'
    asked = asked_of(
        f"model: m\nchecks:\n  - name: '{name}'\n    run: \"echo '<<folder>>'\\necho done\"\n"
    )

    workflow = yaml.safe_load(asked.files[".github/workflows/branchline.yml"])

    check = workflow["jobs"]["check-1"]
    assert check["name"] == name
    assert check["steps"][-1]["run"].endswith("echo '<<folder>>'\necho done\n")


@pytest.mark.parametrize(
    ("cron", "is_fine"),
    [
        pytest.param("17 2 * * 1", True, id="weekly"),
        pytest.param("*/15 8-18 1,15 JAN-MAR MON-FRI", True, id="all-forms"),
        pytest.param("* * * * *", False, id="every-minute"),
        pytest.param("*/4 * * * *", False, id="more-often-than-five-minutes"),
        pytest.param("@daily", False, id="a-word"),
        pytest.param("0 0 ? * 1", False, id="question-mark"),
        pytest.param("0 0 * * 7", False, id="seventh-day"),
        pytest.param("0 5-3 * * *", False, id="backwards"),
        pytest.param("0 0 * * * *", False, id="six-fields"),
    ],
)
def test_cron(cron: str, is_fine: bool) -> None:
    assert (cron_problem(cron) == "") is is_fine


def test_combinations_that_are_left_out_do_not_count() -> None:
    legs = "matrix: {x: [" + ",".join(f"'{n}'" for n in range(257)) + "]}, exclude: [{x: '0'}]"

    asked = asked_of(f"model: m\nchecks: [{{name: a, run: b, {legs}}}]\n")

    assert asked.facts[0].checks[0].exclude == ((("x", "0"),),)


def test_where_the_run_makes_its_environment_a_job_installs_nothing_but_its_maker() -> None:
    asked = asked_of("model: m\nenvironment: {make: always, lock: requirements.txt}\n")

    assert "python -I -m pip install uv" in str(asked)
    assert "install -r requirements.txt" not in str(asked)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("", "branchline==", id="nothing-but-a-model"),
        pytest.param("gate: {metrics: {auc: {min: 0.5}}}", "branchline[gate]==", id="a-gate"),
        pytest.param(
            "data: {validate: {path: d.csv, schema: s.yaml}}", "branchline[gate]==", id="data"
        ),
        pytest.param(
            "tune: {objective: {metric: auc}, space: {lr: [1, 2]}}\n"
            "gate: {metrics: {auc: {min: 0.5}}}",
            "branchline[gate,tune]==", id="a-search-and-a-gate",
        ),
    ],
)  # fmt: skip
def test_jobs_install_the_extras_that_the_settings_need(text: str, name: str) -> None:
    files = asked_of(f"model: m\ntrain: python train.py\n{text}\n").files

    pinned = files[".github/branchline/requirements.txt"].splitlines()[-1]
    workflow = files[".github/workflows/branchline.yml"]
    assert pinned.startswith(name)
    assert pinned in workflow  # for repositories that call this workflow, and have no such file


def test_a_job_that_registers_in_mlflow_has_its_client_and_no_more() -> None:
    text = (
        "model: m\ntrain: python train.py\ngate: {metrics: {auc: {min: 0.5}}}\n"
        "registry: {kind: mlflow, uri: 'https://mlflow.example.org'}\n"
    )

    workflow = asked_of(text).files[".github/workflows/branchline.yml"]

    assert "'branchline[gate,mlflow]==" in workflow  # trains and judges
    assert "'branchline[mlflow]==" in workflow  # reports and registers
