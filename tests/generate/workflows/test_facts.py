"""What GitHub would refuse, or do otherwise, is refused before anything is written."""

from __future__ import annotations

import pytest
import yaml
from tests.generate.workflows.combinations import asked_of

from branchline.errors import ConfigError
from branchline.generate.workflows.cron import cron_problem


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
        pytest.param("retrain: {schedule: '0 25 * * *'}", "hour `25`", id="no-such-hour"),
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
            "pull_requests: {forks: train}\ngithub: {secrets: [A]}", "secrets", id="fork-and-secret"
        ),
        pytest.param(
            "pull_requests: {forks: train}\nresources: {train: {runs_on: [self-hosted, a]}}",
            "an own runner",
            id="forks-and-own-runners",
        ),
        pytest.param(
            "tune: {objective: {metric: a}, space: {b: [1, 2]}}\n"
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


def test_stages_of_one_model_need_one_runner() -> None:
    settings = "model: m\nresources: {a: {runs_on: [x]}, b: {runs_on: [y]}}\n"

    with pytest.raises(ConfigError, match="stage `a` has"):
        asked_of(settings, stages=("a", "b"))


def test_models_whose_files_would_be_the_same_are_refused() -> None:
    with pytest.raises(ConfigError, match="another model has the file"):
        asked_of("models: {a/b: {}, a-b: {}}\n")


def test_the_limit_of_a_training_is_the_sum_of_its_stages_and_a_margin() -> None:
    asked = asked_of(
        "model: m\nresources: {a: {timeout: 1h}, b: {timeout: 30m}}\n", stages=("a", "b")
    )

    assert asked.facts[0].minutes == 105


def test_the_first_rule_that_matches_is_the_last_pattern_of_github() -> None:
    asked = asked_of(
        "model: m\nbranches: {'a/secret': {do: nothing}, 'a/**': {do: train}, 'z': {do: nothing}}\n"
    )

    assert asked.facts[0].push == ("a/**", "!a/secret")


def test_a_setting_that_changes_no_workflow_changes_no_digest() -> None:
    one = asked_of("model: m\n")
    other = asked_of("model: m\ngate: {metrics: {auc: {min: 0.9}}}\n")

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


def test_where_the_run_makes_its_environment_a_job_installs_nothing_but_its_maker() -> None:
    asked = asked_of("model: m\nenvironment: {make: always, lock: requirements.txt}\n")

    assert "python -m pip install uv" in str(asked)
    assert "install -r requirements.txt" not in str(asked)
