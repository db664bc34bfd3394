"""Flow `doctor --github`: what the workflows of a working tree need from the repository's settings.

Reads any workflow of GitHub Actions, ours or written by hand. Pure: texts in, names out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.flows.traps import filtered_jobs
from branchline.generate.workflows.model_workflow import GATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["WorkflowNeeds", "needs_of"]

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_NAME = r"\.([A-Za-z_][A-Za-z0-9_]*)|\[\s*'([A-Za-z_][A-Za-z0-9_]*)'\s*\]"
_SECRET, _VARIABLE = re.compile(rf"\bsecrets(?:{_NAME})"), re.compile(rf"\bvars(?:{_NAME})")
_OWN = "GITHUB_TOKEN"
_CHOSEN = re.compile(r"(?:&&|\|\|)\s*'((?:[^']|'')+)'")
"""A text that an expression may come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowNeeds:
    """What one workflow needs.

    Attributes:
        path: Its file. blob: Hash of its content, as git names it.
        secrets: (Environment or "", name) of each secret that a job reads; an expression stands as
            it is where it does not say which environments it can come to.
        variables: Names of configuration variables.
        environments: Names of environments, also of those between which an expression chooses.
        labels: Labels of the runners that a job asks for, one tuple a job.
        can_be_dispatched: Whether it has `workflow_dispatch`.
        dispatches: Whether a job may start workflows (`actions: write`).
        opens_issues: Whether a job may write issues (`issues: write`).
        gates: Names of its jobs that judge a model, and are there to be required.
        filtered: (name, line) of checks that a pull request without certain paths never gets.
        is_scheduled: Whether a schedule starts it.
        problem: Why it could not be read; "" when it was.
    """

    path: str
    blob: str
    secrets: Sequence[tuple[str, str]] = ()
    variables: Sequence[str] = ()
    environments: Sequence[str] = ()
    labels: Sequence[tuple[str, ...]] = ()
    can_be_dispatched: bool = False
    dispatches: bool = False
    opens_issues: bool = False
    gates: Sequence[str] = ()
    filtered: Sequence[tuple[str, int]] = ()
    is_scheduled: bool = False
    problem: str = ""


def needs_of(path: str, content: bytes) -> WorkflowNeeds:
    """What a workflow needs.

    Args:
        path: From the root.
        content: Of its file.
    """
    import yaml

    blob = _blob(content)
    try:
        found = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(error).splitlines()[0] if str(error) else "no YAML"
        return WorkflowNeeds(path=path, blob=blob, problem=problem)
    if not isinstance(found, Mapping) or not isinstance(found.get("jobs"), Mapping):
        return WorkflowNeeds(path=path, blob=blob, problem="it has no jobs")
    jobs = [job for job in found["jobs"].values() if isinstance(job, Mapping)]
    # YAML 1.1 reads the key `on` as true.
    events = found.get("on", found.get(True))
    everywhere = {"env": found.get("env")}
    return WorkflowNeeds(
        path=path,
        blob=blob,
        secrets=sorted({pair for job in [everywhere, *jobs] for pair in _secrets(job)}),
        variables=sorted(set(_named(_VARIABLE, found))),
        environments=sorted(
            {name for job in jobs for name in _environments(job) if _is_name(name)}
        ),
        labels=sorted({labels for job in jobs if (labels := _labels(job))}),
        can_be_dispatched="workflow_dispatch" in _events(events),
        filtered=filtered_jobs(content),
        is_scheduled="schedule" in _events(events),
        dispatches=any(_may_write(holder, "actions") for holder in [found, *jobs]),
        opens_issues=any(_may_write(holder, "issues") for holder in [found, *jobs]),
        gates=sorted(
            title
            for job in jobs
            if isinstance(title := job.get("name"), str) and title.startswith(GATE)
        ),
    )


def _blob(content: bytes) -> str:
    import hashlib

    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def _events(events: object) -> Sequence[str]:
    if isinstance(events, str):
        return [events]
    return [str(name) for name in events] if isinstance(events, Mapping | list) else []


def _secrets(job: Mapping[object, object]) -> Iterator[tuple[str, str]]:
    for name in _named(_SECRET, job):
        if name != _OWN:
            yield from ((environment, name) for environment in _environments(job))


def _named(pattern: re.Pattern[str], node: object) -> Iterator[str]:
    """Names that expressions in a node's texts speak of."""
    for text in _texts(node):
        for expression in _EXPRESSION.findall(text):
            for found in pattern.finditer(expression):
                yield found[1] or found[2]


def _texts(node: object) -> Iterator[str]:
    """Texts in a node. Each list and mapping counts once: aliases of aliases grow without end."""
    todo, seen = [node], set()
    while todo:
        found = todo.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, Mapping | list) and id(found) not in seen:
            seen.add(id(found))
            todo += found.values() if isinstance(found, Mapping) else found


def _environments(job: Mapping[object, object]) -> Sequence[str]:
    """Environments that a job may have; one that is "" for none."""
    found = job.get("environment")
    name = found.get("name") if isinstance(found, Mapping) else found
    if not isinstance(name, str):
        return [""]
    if _is_name(name):
        return [name]
    return [text.replace("''", "'") for text in _CHOSEN.findall(name)] or [name]


def _is_name(environment: str) -> bool:
    return bool(environment) and "${{" not in environment


def _labels(job: Mapping[object, object]) -> tuple[str, ...]:
    found = job.get("runs-on")
    if isinstance(found, Mapping):
        found = found.get("labels")
    labels = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    texts = [label for label in labels if isinstance(label, str)]
    return () if any("${{" in label for label in texts) else tuple(texts)


def _may_write(holder: Mapping[object, object], permission: str) -> bool:
    found = holder.get("permissions")
    return found == "write-all" or (isinstance(found, Mapping) and found.get(permission) == "write")
