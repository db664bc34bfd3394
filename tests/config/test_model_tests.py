from __future__ import annotations

import pytest

from branchline.config.branchline_yaml import load_policy
from branchline.config.governing import governed
from branchline.config.settings_files import SettingsFiles
from branchline.core.policy import Goal
from branchline.errors import ConfigError


@pytest.mark.parametrize(
    ("tests", "names"),
    [
        pytest.param("[{run: pytest -q tests/model}]", ["model"], id="by-the-last-part"),
        pytest.param("[{name: speed, run: pytest}]", ["speed"], id="as-named"),
        pytest.param(
            "[{run: pytest tests/a}, {run: pytest other/a}]", ["a", "a-2"], id="told-apart"
        ),
        pytest.param("[{run: 'pytest tests/test_x.py::test_y'}]", ["test_x"], id="one-function"),
        pytest.param("[{run: './é'}]", ["test"], id="nothing-to-name-it-by"),
    ],
)
def test_a_test_has_a_name(tests: str, names: list[str]) -> None:
    policy = load_policy(f"model: m\ntests: {tests}\n".encode()).models[0].policy

    assert [test.name for test in policy.tests] == names
    assert policy.tests[0].line == 2


def test_the_clock_of_a_test_stands_over_that_of_all_tests() -> None:
    text = (
        b"model: m\nresources: {tests: {timeout: 1h, cpus: 2}}\n"
        b"tests:\n- {run: a, timeout: 90s}\n- {run: b}\n"
    )
    policy = load_policy(text).models[0].policy

    assert policy.resources_of("tests@a").timeout_s == 90
    assert policy.resources_of("tests@a").cpus == 2
    assert policy.resources_of("tests@b").timeout_s == 3600


def test_less_is_better_for_what_branchline_measures() -> None:
    text = (
        b"model: m\ngate: {metrics: {model.size_bytes: {max: 1}, latency.p95_ms: {max: 1},"
        b" latency.ratio: {max: 1, goal: maximize}, auc: {min: 1}}}\n"
    )
    rules = load_policy(text).models[0].policy.gate.metrics

    goals = [rule.goal for rule in rules]
    assert goals == [Goal.MINIMIZE, Goal.MINIMIZE, Goal.MAXIMIZE, Goal.MAXIMIZE]


def test_the_default_branch_says_which_tests_there_are() -> None:
    own = load_policy(b"model: m\n").models[0].policy

    ruled = governed(own, SettingsFiles.of_root(b"model: m\ntests: [{run: pytest, timeout: 5s}]\n"))

    assert [test.run for test in ruled.tests] == ["pytest"]
    assert ruled.resources_of("tests@pytest").timeout_s == 5


@pytest.mark.parametrize(
    ("tests", "part"),
    [
        pytest.param("[{name: x}]", "run", id="no-command"),
        pytest.param("[{run: ''}]", "empty", id="empty-command"),
        pytest.param("[{run: a, timeout: soon}]", "timeout", id="no-duration"),
        pytest.param("pytest", "tests", id="no-list"),
    ],
)
def test_what_is_no_test_is_refused_with_its_line(tests: str, part: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_policy(f"model: m\ntests: {tests}\n".encode())

    assert "branchline.yaml:2" in str(refused.value)
    assert part in str(refused.value)
