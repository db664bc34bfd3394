"""Tests of the model: what they are told, and what came of them. Serves `run` and `evidence`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.evidence.model_tests import CONTEXT_FILE, examined, not_run
from branchline.core.evidence.model_tests_json import (
    BYTES_AT_MOST,
    examined_from_json,
    examined_to_json,
    reported_of,
)
from branchline.core.policy import TESTS
from branchline.flows.gathered import CHAMPION_INPUT
from branchline.flows.planned_tests import evaluation_files, model_digests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence.model_tests import Examined
    from branchline.core.pipeline import Content
    from branchline.core.plan.values import Result
    from branchline.core.run.values import Ended
    from branchline.core.values import JsonValue
    from branchline.flows.champion_model import ChampionModel
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.walked import Walked


def write_context(planner: Planner, walked: Walked, test: str, path: str, report: str) -> None:
    """Tell a test where model, data and champion are.

    Args:
        planner: Has decided all stages.
        walked: Their results.
        test: Address of the test.
        path: Absolute path of the file to write.
        report: Absolute path of the file that the test writes.
    """
    results = [r for address, r in walked.results.items() if not address.startswith(f"{TESTS}@")]
    champion = None
    if CHAMPION_INPUT in planner.gathered[test].inputs:
        champion = planner.champion(model_digests(planner))
    fields = context_fields(planner, results, champion)
    fields.update(test=test.partition("@")[2], report=report)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(fields, file)


def context_fields(
    planner: Planner, results: Sequence[Result], champion: ChampionModel | None
) -> dict[str, JsonValue]:
    """What a test is told, as plain values; the other side is `model_tests.context`.

    Args:
        planner: Has decided all stages.
        results: Of the stages of the pipeline.
        champion: What to compare with; None where the test does not compare.
    """
    project = planner.project
    own, problem = _own_model(project, results)
    outs = {out.path: out.content for result in results for out in result.outs}
    predictions = project.policy.gate.predictions
    return {
        "version": 1,
        "root": project.root,
        "model": {"paths": list(own), "problem": problem},
        "files": _files(project, outs),
        "baseline": _baseline(project, champion, own),
        "data": list(evaluation_files(planner)),
        "target": predictions.target if predictions else "",
    }


def environment_of(context: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Variables that let a test find its context, and pytest the plugin, whatever Python it uses.

    Args:
        context: Absolute path of the context.
        inherited: What the variables are now.
    """
    import os

    import branchline

    shim = os.path.join(os.path.dirname(os.path.abspath(branchline.__file__)), "pytest_shim")
    path, plugins = inherited.get("PYTHONPATH", ""), inherited.get("PYTEST_PLUGINS", "")
    return {
        CONTEXT_FILE: context,
        "PYTHONPATH": f"{path}{os.pathsep}{shim}" if path else shim,
        "PYTEST_PLUGINS": f"{plugins},{_SHIM}" if plugins else _SHIM,
    }


_SHIM = "branchline_pytest_shim"


def _own_model(project: Project, results: Sequence[Result]) -> tuple[tuple[str, ...], str]:
    from branchline.core.effects.model_outputs import model_outputs
    from branchline.errors import RegistryError

    try:
        pairs = model_outputs(results, project.policy)
    except RegistryError as error:
        return (), f"{error.message}. {error.todo}".strip()
    return tuple(out.path for _, out in pairs), ""


def _files(project: Project, outs: Mapping[str, Content]) -> dict[str, JsonValue]:
    """Path -> md5 of every file of some outputs; of folders of each member."""
    found: dict[str, JsonValue] = {}
    for path, content in outs.items():
        if not content.is_folder:
            found[path] = content.md5
            continue
        for name, member in project.store.members(content) or ():
            found[f"{path}/{name}"] = member.md5
    return found


def _baseline(
    project: Project, champion: ChampionModel | None, own: Sequence[str]
) -> dict[str, JsonValue]:
    """The champion's model, brought here; else why there is none."""
    from branchline.core.pipeline import Content
    from branchline.errors import StoreError

    if champion is None:
        return {"problem": "no file of this test names `baseline_model` or `latency`"}
    if not champion.run:
        return {"problem": champion.via, "is_none": champion.is_none}
    missing = [path for path in own if path not in champion.outs]
    if missing or not own:
        what = f"left no `{missing[0]}`" if missing else "cannot be told apart from other outputs"
        return {"problem": f"the champion (run {champion.run}, {champion.via}) {what}"}
    contents = {path: Content(md5=champion.outs[path]) for path in own}
    try:
        folder = project.artifacts.lay_out("champions", champion.digest[:16], dict(contents))
    except StoreError as error:
        return {"problem": f"the model of run {champion.run} cannot be had: {error.message}"}
    return {
        "run": champion.run,
        "via": champion.via,
        "folder": folder,
        "paths": list(own),
        "files": _files(project, contents),
    }


def read_report(path: str) -> bytes:
    """What a test wrote; empty where it wrote nothing. Never more than may be read."""
    try:
        with open(path, "rb") as file:
            return file.read(BYTES_AT_MOST + 1)
    except OSError:
        return b""


def what_came(ended: Ended, report: str = "") -> Examined:
    """What came of a test that ended.

    Args:
        ended: How.
        report: Path of the file that it wrote; "" where it could write none.
    """
    name = ended.stage.partition("@")[2]
    data = read_report(report) if report else b""
    return examined(name, ended, reported_of(data, source=name))


def reported_result(result: Result, test: Examined) -> Result:
    """The result of a test that passed, with what it said."""
    from dataclasses import replace

    return replace(result, report=examined_to_json(test))


def outcomes_of_tests(planner: Planner, walked: Walked) -> tuple[Examined, ...]:
    """All tests that the policy declares, in its order; of one that did not run, why.

    None where no verdict follows, as of a trial of a search.
    """
    from dataclasses import replace

    if not planner.options.with_tests:
        return ()

    found = []
    for test in planner.project.policy.tests:
        address = test.address
        if address in walked.tests:
            found.append(walked.tests[address])
            continue
        result = walked.results.get(address)
        if result is None:
            why = "only some stages were asked for"
            found.append(not_run(test.name, why))
            continue
        try:
            kept = examined_from_json(result.report)
        except (KeyError, TypeError, ValueError):
            found.append(not_run(test.name, "its recorded result cannot be read; use --force"))
            continue
        found.append(replace(kept, run=result.run))
    return tuple(found)
