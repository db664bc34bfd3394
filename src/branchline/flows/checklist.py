"""Flow `doctor`: the ten boxes that a project has ticked before others rely on it. Judges facts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.policy import Policy
    from branchline.ports.checkup import Facts

__all__ = ["Box", "ModelFacts", "ProjectFacts", "checklist", "wanted_names"]

_REFERENCE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_NOT_KNOWN = "not known: branchline.yaml cannot be used"
_COMMENT = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box.

    Attributes:
        name: Short: "gate", "secrets".
        is_ticked: Whether it holds.
        sentence: What was found.
        todo: What to type or to write; "" where it is ticked.
    """

    name: str
    is_ticked: bool
    sentence: str
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of one model.

    Attributes:
        policy: As branchline.yaml says.
        stages: Names of its stages.
        passed_run: The newest run on the default branch whose verdict passed; "" without one.
    """

    policy: Policy
    stages: Sequence[str] = ()
    passed_run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """What is known of a project.

    Attributes:
        problem: Why its declarations cannot be used; "" when they can, or there are none.
        models: In the order of branchline.yaml; empty where there is a problem, or no such file.
        names: Variables that hold secrets or addresses -> where branchline.yaml asks for them.
        present: Those of them that are set here. Values are nowhere.
        stale_workflows: Paths of workflows that are not what branchline.yaml asks for; None where
            none of ours stands here.
        refused_workflows: Why `workflows write` would write none; "" where it would.
        boxes: Names of the remotes that are boxes.
    """

    problem: str = ""
    models: Sequence[ModelFacts] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    present: Sequence[str] = ()
    stale_workflows: Sequence[str] | None = None
    refused_workflows: str = ""
    boxes: Sequence[str] = ()


def wanted_names(text: str, policies: Sequence[Policy], *, file: str) -> dict[str, str]:
    """Names of the variables that a branchline.yaml asks for, and where.

    Args:
        text: Of the file.
        policies: Read from it.
        file: Its name, for the places.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        for name in _REFERENCE.findall(_COMMENT.sub("", line)):
            found.setdefault(name, f"{file}:{number}")
    for policy in policies:
        for name in _names(_section(policy, "github").get("secrets")):
            found.setdefault(name, "github.secrets")
    return found


def checklist(facts: Facts, project: ProjectFacts) -> tuple[Box, ...]:
    """The ten boxes, in the order in which a project ticks them.

    Args:
        facts: Of the machine and the repository.
        project: Of what the repository declares.
    """
    declared = (_data, _checks, _tests, _gate, _secrets, _push, _verdict)
    boxes = [_repository(facts), _settings(facts, project), _environment(facts, project)]
    boxes += [judge(project) for judge in declared]
    if project.problem:
        # What cannot be read says nothing of what it holds.
        boxes[3:] = [_open(box.name, _NOT_KNOWN, "Mend it first.") for box in boxes[3:]]
    return tuple(boxes)


def _repository(facts: Facts) -> Box:
    name = "repository"
    if facts.root is None:
        return _open(name, "this is no git repository", "Type: git init, or branchline new NAME")
    if not facts.has_commits:
        return _open(name, "nothing is committed", "Type: git add -A && git commit -m first")
    if facts.large_files:
        path, size = facts.large_files[0]
        said = f"git tracks {path} ({size / 1e6:.0f} MB)"
        return _open(name, said, f"Type: git rm --cached {path}, and track it with DVC.")
    return _ticked(name, "committed, and nothing above 10 MB is in git")


def _settings(facts: Facts, project: ProjectFacts) -> Box:
    name = "settings"
    if not facts.settings:
        return _open(name, "there is no branchline.yaml", "Type: branchline init")
    if project.problem:
        return _open(name, project.problem, "Mend it; `branchline plan` shows all of it.")
    empty = [model.policy.model for model in project.models if not model.stages]
    if empty:
        return _open(
            name, f"{empty[0]} has no stage", "Write `train:` or `pipeline:` in branchline.yaml."
        )
    shown = "; ".join(f"{m.policy.model}: {', '.join(m.stages)}" for m in project.models)
    return _ticked(name, shown)


def _environment(facts: Facts, project: ProjectFacts) -> Box:
    name = "environment"
    named = [m.policy.environment.lock or m.policy.environment.image for m in project.models]
    files = [each for each in named if each] or list(facts.lock_files[:1])
    if not files:
        return _open(
            name,
            "no file says which libraries this needs",
            "Type: pip freeze > requirements.txt",
        )
    return _ticked(name, f"the libraries stand in {', '.join(dict.fromkeys(files))}")


def _data(project: ProjectFacts) -> Box:
    todo = "Type: branchline data init FILE, and add `data.validate` to branchline.yaml."
    lacking = _lacking(project, lambda policy: bool(_section(policy, "data").get("validate")))
    if lacking is not None:
        return _open("data", f"no rules say what data must look like{lacking}", todo)
    return _ticked("data", "data are held against rules before anything trains on them")


def _checks(project: ProjectFacts) -> Box:
    todo = "Write e.g. `checks: [{name: lint, run: ruff check .}, {name: unit, run: pytest}]`."
    lacking = _lacking(project, lambda policy: bool(policy.sections.get("checks")))
    if lacking is not None:
        return _open("code checks", f"no linter, no test of the code in `checks`{lacking}", todo)
    checks = (m.policy.sections["checks"] for m in project.models)
    held = [each for found in checks if isinstance(found, list | tuple) for each in found]
    names = dict.fromkeys(str(each["name"]) for each in held if isinstance(each, dict))
    return _ticked("code checks", f"on every push: {', '.join(names)}")


def _tests(project: ProjectFacts) -> Box:
    todo = "Write e.g. `tests: [{run: pytest tests/model}]` (docs: test the model)."
    lacking = _lacking(project, lambda policy: bool(policy.tests))
    if lacking is not None:
        return _open("model tests", f"no test of the model counts in the verdict{lacking}", todo)
    names = dict.fromkeys(test.name for m in project.models for test in m.policy.tests)
    return _ticked("model tests", f"count in the verdict: {', '.join(names)}")


def _gate(project: ProjectFacts) -> Box:
    todo = "Write e.g. `gate: {metrics: {roc_auc: {min: 0.9, max_regression: 0.01}}}`."
    lacking = _lacking(project, lambda policy: bool(policy.gate.metrics))
    if lacking is not None:
        return _open("gate", f"no bar says what a model must reach{lacking}", todo)
    names = dict.fromkeys(rule.name for m in project.models for rule in m.policy.gate.metrics)
    return _ticked("gate", f"bars for {', '.join(names)}")


def _secrets(project: ProjectFacts) -> Box:
    name = "secrets"
    if not project.names:
        return _ticked(name, "none is asked for")
    missing = {n: at for n, at in project.names.items() if n not in project.present}
    if missing:
        shown = ", ".join(f"{each} ({place})" for each, place in missing.items())
        there = [each for each in project.names if each in project.present]
        more = f"; set: {', '.join(there)}" if there else ""
        todo = f"Type: export {next(iter(missing))}=...; for jobs: branchline doctor --github"
        return _open(name, f"not set here: {shown}{more}", todo)
    return _ticked(name, f"set here: {', '.join(project.names)}")


def _push(project: ProjectFacts) -> Box:
    name = "push"
    todo = "Type: branchline workflows write, or: branchline remote add box ../box.git"
    if project.refused_workflows:
        todo = "Mend it, then type: branchline workflows write"
        return _open(name, f"no workflow can follow from this: {project.refused_workflows}", todo)
    if project.stale_workflows:
        listed = ", ".join(project.stale_workflows)
        return _open(
            name, f"not what branchline.yaml asks for: {listed}", "Type: branchline workflows write"
        )
    ways = ["GitHub Actions, by current workflows"] if project.stale_workflows is not None else []
    ways += [f"the box `{each}`" for each in project.boxes]
    if not ways:
        return _open(name, "nothing trains what is pushed: no workflow of ours, no box", todo)
    return _ticked(name, f"what is pushed is trained by {' and '.join(ways)}")


def _verdict(project: ProjectFacts) -> Box:
    name = "first verdict"
    lacking = [model.policy.model for model in project.models if not model.passed_run]
    if lacking or not project.models:
        which = f" of {lacking[0]}" if len(project.models) > 1 else ""
        todo = "Commit, then type: branchline run (or get your team's: branchline records fetch)"
        return _open(name, f"no run{which} on the default branch has passed yet", todo)
    return _ticked(name, f"passed: {', '.join(model.passed_run for model in project.models)}")


def _lacking(project: ProjectFacts, has: Callable[[Policy], bool]) -> str | None:
    """Which model lacks it, as the end of a sentence; None where none does."""
    without = [m.policy.model for m in project.models if not has(m.policy)]
    if not project.models:
        return ""
    if not without:
        return None
    return f" of {without[0]}" if len(project.models) > 1 else ""


def _section(policy: Policy, name: str) -> Mapping[str, object]:
    found = policy.sections.get(name)
    return found if isinstance(found, dict) else {}


def _names(found: object) -> list[str]:
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def _ticked(name: str, sentence: str) -> Box:
    return Box(name=name, is_ticked=True, sentence=sentence)


def _open(name: str, sentence: str, todo: str) -> Box:
    return Box(name=name, is_ticked=False, sentence=sentence, todo=todo)
