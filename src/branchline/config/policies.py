"""Checked settings of one model into its Policy.

Serves `branchline_yaml`. Values fit already; this gives them units and defaults.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from branchline.config.units import bytes_of, seconds_of, share_of
from branchline.core.policy import (
    DEFAULT_BRANCH,
    TESTS,
    BranchRule,
    ChangeRules,
    Do,
    Environment,
    Gate,
    Link,
    MakeEnvironment,
    MetricRule,
    ModelTest,
    OnInconclusive,
    Policy,
    PredictionColumns,
    PullRequestRules,
    Replicates,
    Resources,
    Trace,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.documents.document import Document
    from branchline.core.values import JsonValue


_STORE_OPTIONS = {"endpoint_url": "endpointurl", "region": "region", "profile": "profile"}
"""Key -> the same in DVC's remotes."""


def policy_of(
    name: str,
    settings: Mapping[str, Any],
    path_of: Callable[[str], tuple[str, ...]],
    document: Document,
    *,
    sections: Mapping[str, JsonValue] | None = None,
) -> Policy:
    """The policy of one model.

    Args:
        name: The model's name.
        settings: Its sections, checked.
        path_of: Keys that lead to a section in the document, for the lines of rules.
        document: The file.
        sections: What the policy keeps as plain values.
    """
    store = settings.get("store")
    link = settings.get("link")
    reached: dict[str, str] = {}
    if isinstance(store, dict):
        link = store.get("link", link)
        reached = {name: store[key] for key, name in _STORE_OPTIONS.items() if key in store}
        store = store.get("url")
    tests = _tests(settings.get("tests") or (), path_of("tests"), document)
    return Policy(
        model=name,
        branches=_branches(settings.get("branches")),
        pull_requests=_pull_requests(settings.get("pull_requests") or {}),
        gate=_gate(settings.get("gate") or {}, path_of("gate"), document),
        environment=_environment(settings.get("environment") or {}),
        changes=_changes(settings.get("changes") or {}),
        tests=tests,
        resources=_all_resources(settings.get("resources") or {}, tests),
        link=Link(link) if link else None,
        store=store,
        store_options=reached,
        sections=dict(sections or {}),
        source=document.file,
    )


def _branches(rules: Mapping[str, Any] | None) -> tuple[BranchRule, ...]:
    if rules is None:
        from branchline.config.sections.top import DEFAULT_BRANCHES

        rules = DEFAULT_BRANCHES
    return tuple(
        BranchRule(
            pattern=pattern,
            do=Do(rule["do"]),
            then=tuple(rule.get("then", ())),
            fast_forward_only=rule.get("fast_forward_only", False),
            source=rule.get("source"),
            open_pull_request=rule.get("open_pull_request"),
        )
        for pattern, rule in rules.items()
    )


def _pull_requests(section: Mapping[str, Any]) -> PullRequestRules:
    return PullRequestRules(
        into=tuple(section.get("into", (DEFAULT_BRANCH,))),
        do=Do(section.get("do", "train")),
        forks=section.get("forks", "plan"),
    )


def _gate(gate: Mapping[str, Any], path: tuple[str, ...], document: Document) -> Gate:
    from branchline.core.directions import goal_written

    rules = []
    for metric, rule in (gate.get("metrics") or {}).items():
        rules.append(
            MetricRule(
                name=metric,
                goal=goal_written(metric, rule.get("goal"), rule.get("computed_as", "")),
                min=_float(rule.get("min")),
                max=_float(rule.get("max")),
                max_regression=_float(rule.get("max_regression")),
                max_relative_regression=share_of(rule.get("max_relative_regression")),
                min_gain=_float(rule.get("min_gain")),
                computed_as=rule.get("computed_as", ""),
                primary=rule.get("primary", False),
                line=document.line_of((*path, "metrics", metric)),
            )
        )
    return Gate(
        baseline=gate.get("baseline", "production"),
        metrics=tuple(rules),
        data=_texts(gate.get("data")),
        predictions=_predictions(gate.get("predictions")),
        confidence=float(gate.get("confidence", 0.95)),
        replicates=_replicates(gate.get("replicates")),
        slices=_texts(gate.get("slices")),
        min_rows=int(gate.get("min_rows", 200)),
        on_inconclusive=OnInconclusive(gate.get("on_inconclusive", "warn")),
        selftest=bool(gate.get("selftest", True)),
        accept=_texts(gate.get("accept")),
    )


def _tests(
    tests: Sequence[Mapping[str, Any]], path: tuple[str, ...], document: Document
) -> tuple[ModelTest, ...]:
    found: dict[str, ModelTest] = {}
    for index, test in enumerate(tests):
        base = name = test.get("name") or _test_name(test["run"])
        number = 2
        while name in found:
            name = f"{base}-{number}"
            number += 1
        found[name] = ModelTest(
            name=name,
            run=test["run"],
            timeout_s=seconds_of(test.get("timeout")),
            deps=_texts(test.get("deps")),
            line=document.line_of((*path, index)),
        )
    return tuple(found.values())


def _test_name(command: str) -> str:
    """A name for a test that has none: the last part of what it runs.

    >>> _test_name("pytest -q tests/model"), _test_name("make check")
    ('model', 'check')
    """
    words = [word for word in command.split() if not word.startswith("-")]
    last = words[-1].rstrip("/").rpartition("/")[2] if words else ""
    stem = last.partition("::")[0].removesuffix(".py").removesuffix(".sh")
    return re.sub(r"[^0-9A-Za-z_.-]+", "-", stem).strip("-.")[:40] or "test"


def _all_resources(section: Mapping[str, Any], tests: Sequence[ModelTest]) -> dict[str, Resources]:
    """What stages need; a test has the clock of its own entry."""
    found = {stage: _resources(options) for stage, options in section.items()}
    for test in tests:
        if test.timeout_s is not None:
            known = found.get(test.address) or found.get(TESTS) or Resources()
            found[test.address] = replace(known, timeout_s=test.timeout_s)
    return found


def _predictions(section: Mapping[str, Any] | None) -> PredictionColumns | None:
    if section is None:
        return None
    named = {key: value for key, value in section.items() if key != "score"}
    return PredictionColumns(scores=_texts(section.get("score")), **named)


def _replicates(section: Mapping[str, Any] | None) -> Replicates | None:
    if section is None:
        return None
    budget = section.get("budget")
    return Replicates(
        seed=section["seed"],
        max=int(section.get("max", 5)),
        budget_s=seconds_of(budget),
    )


def _texts(value: str | list[str] | None) -> tuple[str, ...]:
    """One text or a list of them, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value or ())


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _environment(section: Mapping[str, Any]) -> Environment:
    return Environment(
        lock=section.get("lock"),
        variables=tuple(section.get("variables", ())),
        image=section.get("image"),
        make=MakeEnvironment(section.get("make", "auto")),
        python=section.get("python", ""),
        as_of=section.get("as_of", "commit"),
    )


def _changes(section: Mapping[str, Any]) -> ChangeRules:
    return ChangeRules(
        docstrings=section.get("docstrings") != "ignore",
        annotations=section.get("annotations") != "ignore",
        import_order=section.get("import_order") != "ignore",
        code=tuple(section.get("code", ())),
        ignore=tuple(section.get("ignore", ())),
        trace=Trace(section.get("trace", "audit")),
    )


def _resources(options: Mapping[str, Any]) -> Resources:
    return Resources(
        cpus=float(options.get("cpus", 1.0)),
        gpus=int(options.get("gpus", 0)),
        memory_bytes=bytes_of(options.get("memory")),
        timeout_s=seconds_of(options.get("timeout")),
        retries=int(options.get("retries", 0)),
        executor=options.get("executor", "local"),
        runs_on=tuple(options.get("runs_on", ())),
    )
