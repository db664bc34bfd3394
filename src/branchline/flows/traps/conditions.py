"""Conditions of a workflow that ask for a name which the event does not have.

`github.head_ref` is empty but for pull requests; `github.ref_name` is `NUMBER/merge` for these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.flows.traps.values import Trap
from branchline.flows.traps.yaml_tree import child, entries, items, line, text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from yaml import Node

__all__ = ["traps_of_conditions"]

_PULLS = frozenset({"pull_request", "pull_request_target"})
_OF_PULLS = re.compile(r"github\.(head_ref|base_ref)\b")
_OF_OTHERS = re.compile(r"github\.(?:ref|ref_name|event_name|event|ref_type)\b")
# `github.ref` beside a text that names a branch.
_BRANCH_OF_PULL = re.compile(
    r"github\.(ref|ref_name)\b\s*(?:==|,)\s*'(?!refs/pull/|refs/tags/)(?P<name>[^']+)'"
)


def traps_of_conditions(file: str, tree: Node, events: Collection[str]) -> Iterator[Trap]:
    """Conditions that never hold, or not for every event of the workflow.

    Args:
        file: Of the workflow, from the root.
        tree: Of its text.
        events: Names of those that wake it.
    """
    if not events or "workflow_call" in events:
        # A called workflow has the event of whoever calls.
        return
    for where, node in _conditions(tree):
        yield from _of_condition(file, where, node, events)
    for node in _groups(tree):
        yield from _of_group(file, node, events)


def _conditions(tree: Node) -> Iterator[tuple[str, Node]]:
    for name, job in entries(child(tree, "jobs")):
        condition = child(job, "if")
        if condition is not None:
            yield f"of job `{name}`", condition
        for step in items(child(job, "steps")):
            condition = child(step, "if")
            if condition is not None:
                yield f"of a step of job `{name}`", condition


def _of_condition(file: str, where: str, node: Node, events: Collection[str]) -> Iterator[Trap]:
    said = text(node)
    asked = _OF_PULLS.search(said)
    others = sorted(set(events) - _PULLS)
    if asked and others and not _OF_OTHERS.search(said):
        instead = "github.ref_name" if asked[1] == "head_ref" else "github.ref"
        is_never = not _PULLS & set(events)
        todo = f"Write {instead} instead." if is_never else _for_both(asked[1])
        held = "never holds" if is_never else "holds for pull requests alone"
        yield Trap(
            kind="head-ref-on-push",
            file=file,
            line=line(node),
            sentence=f"the condition {where} asks for {asked[0]}, which is empty on"
            f" {', '.join(others)}: it {held}",
            todo=todo,
            is_certain=is_never,
        )
    named = _BRANCH_OF_PULL.search(said)
    if named and set(events) == {"pull_request"}:
        yield Trap(
            kind="ref-on-pull-request",
            file=file,
            line=line(node),
            sentence=f"the condition {where} compares github.{named[1]} with `{named['name']}`;"
            " of a pull request it is the number and `merge`",
            todo="Write github.head_ref for the branch itself, github.base_ref for its target.",
        )


def _for_both(name: str) -> str:
    other = "github.ref_name"
    return f"Write (github.{name} || {other}) to mean both."


def _groups(tree: Node) -> Iterator[Node]:
    for holder in (tree, *(job for _, job in entries(child(tree, "jobs")))):
        found = child(holder, "concurrency")
        group = child(found, "group") or found
        if group is not None and text(group):
            yield group


def _of_group(file: str, node: Node, events: Collection[str]) -> Iterator[Trap]:
    said = text(node)
    asked = _OF_PULLS.search(said)
    others = sorted(set(events) - _PULLS)
    if asked and others and "||" not in said and not _OF_OTHERS.search(said):
        yield Trap(
            kind="head-ref-on-push",
            file=file,
            line=line(node),
            sentence=f"the concurrency group asks for {asked[0]}, which is empty on"
            f" {', '.join(others)}: all of these runs share one group and cancel one another",
            todo="Write ${{ github.head_ref || github.ref }}.",
            is_certain=False,
        )
