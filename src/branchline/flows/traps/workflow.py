"""What a workflow of GitHub Actions does otherwise than it seems to. Any workflow, by whomever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.flows.traps.branches import traps_of_patterns
from branchline.flows.traps.commands import scripts, traps_of_commands
from branchline.flows.traps.conditions import traps_of_conditions
from branchline.flows.traps.values import Trap
from branchline.flows.traps.yaml_tree import (
    child,
    entries,
    is_float,
    items,
    line,
    located,
    parse,
    text,
)
from branchline.generate.workflows import is_edited, is_ours
from branchline.generate.workflows.cron import cron_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from yaml import Node

__all__ = ["filtered_jobs", "traps_of_workflow"]

_TRAINS = re.compile(
    r"\b(?:dvc\s+(?:repro|exp\s+run)|branchline\s|cml\s|python3?\s+\S*(?:train|tune|fit)\S*\.py)"
)
_FILTERS = ("paths", "paths-ignore")


def traps_of_workflow(file: str, content: bytes, *, branches: Sequence[str] = ()) -> list[Trap]:
    """Traps of one workflow, by line.

    Args:
        file: From the root.
        content: Of it; what is no YAML has no traps, GitHub says so itself.
        branches: Names that exist, here or on a remote.
    """
    tree = parse(content)
    if tree is None:
        return []
    events = dict(_events(tree))
    found = [
        *_jobs(file, tree),
        *_numbers(file, tree),
        *traps_of_conditions(file, tree, events),
        *_path_filters(file, tree),
        *_schedules(file, tree, is_our_own=is_ours(content.decode("utf-8", "replace"))),
        *traps_of_commands(file, tree),
        *_edits(file, content),
    ]
    patterns = child(tree, "on", "push", "branches")
    if patterns is not None:
        found += traps_of_patterns(
            file, line(patterns), [text(item) for item in items(patterns)], branches
        )
    return sorted(set(found), key=lambda trap: (trap.line, trap.kind, trap.sentence))


def filtered_jobs(content: bytes) -> list[tuple[str, int]]:
    """Names of checks that stay pending where a pull request touches none of a filter's paths.

    Returns:
        (name, line of the filter) of each job of a workflow that filters pull requests by paths.
    """
    tree = parse(content)
    if tree is None:
        return []
    lines = [line(node) for kind, node in _filters(tree) if kind == "pull_request"]
    jobs = entries(child(tree, "jobs"))
    names = [text(child(job, "name")) or name for name, job in jobs]
    return [(name, lines[0]) for name in names] if lines else []


def _events(tree: Node) -> Iterator[tuple[str, Node]]:
    found = child(tree, "on")
    yield from entries(found)
    for item in items(found):
        yield text(item), item


def _jobs(file: str, tree: Node) -> Iterator[Trap]:
    for name, number, job in located(child(tree, "jobs")):
        keys = dict(entries(job))
        if keys and "runs-on" not in keys and "uses" not in keys:
            yield Trap(
                kind="job-without-runner",
                file=file,
                line=number,
                sentence=f"job `{name}` has no `runs-on`: GitHub refuses the whole file",
                todo="Write e.g. runs-on: ubuntu-24.04.",
            )


def _numbers(file: str, tree: Node) -> Iterator[Trap]:
    """Versions that YAML reads as numbers, and writes otherwise."""
    for _, job in entries(child(tree, "jobs")):
        for name, axis in entries(child(job, "strategy", "matrix")):
            for item in items(axis):
                pairs = list(entries(item)) if name in ("include", "exclude") else [(name, item)]
                for key, value in pairs:
                    yield from _number(file, key, value)
        holders = [job, *items(child(job, "steps"))]
        for holder in holders:
            for key, value in entries(child(holder, "with")):
                if "version" in key:
                    yield from _number(file, key, value)


def _number(file: str, name: str, node: Node) -> Iterator[Trap]:
    written = text(node)
    if not is_float(node) or not re.fullmatch(r"\d+\.\d+", written):
        return
    read = format(float(written), ".15g")
    if read != written:
        yield Trap(
            kind="version-as-number",
            file=file,
            line=line(node),
            sentence=f"{name}: {written} is a number, and means {read}",
            todo=f"Quote it: '{written}'.",
        )


def _filters(tree: Node) -> Iterator[tuple[str, Node]]:
    for event in ("push", "pull_request"):
        for name in _FILTERS:
            node = child(tree, "on", event, name)
            if node is not None:
                yield event, node


def _path_filters(file: str, tree: Node) -> Iterator[Trap]:
    if not any(_TRAINS.search(script) for script in scripts(tree)):
        # A filter of a workflow that builds documents is what it seems to be.
        return
    said = {
        "push": "a push is compared with the push before, also where that one failed: a later push"
        " that touches none of the paths does not make up for it",
        "pull_request": "where its check is required, a pull request that touches none of the paths"
        " waits for it for ever",
    }
    for event, node in _filters(tree):
        yield Trap(
            kind="path-filter",
            file=file,
            line=line(node),
            sentence=f"this workflow trains, and is woken by changed paths: {said[event]}",
            todo="Take the filter out, and decide in a job by content: branchline ci plan.",
            is_certain=False,
        )


def _schedules(file: str, tree: Node, *, is_our_own: bool) -> Iterator[Trap]:
    for item in items(child(tree, "on", "schedule")):
        node = child(item, "cron")
        cron = text(node)
        if node is None:
            continue
        problem = cron_problem(cron)
        where = "retrain.schedule in branchline.yaml" if is_our_own else "it"
        if problem:
            yield Trap(
                kind="schedule", file=file, line=line(node), sentence=f"the schedule {problem}",
                todo="Write five fields, e.g. '17 2 * * 1' (UTC).",
            )  # fmt: skip
        elif cron.split()[0] == "0":
            yield Trap(
                kind="schedule",
                file=file,
                line=line(node),
                sentence=f"`{cron}` is due at the start of an hour: then GitHub starts late, or"
                " drops what it cannot start",
                todo=f"Set {where} to another minute: '17 {' '.join(cron.split()[1:])}'.",
                is_certain=False,
            )


def _edits(file: str, content: bytes) -> Iterator[Trap]:
    written = content.decode("utf-8", "replace")
    if is_edited(written):
        yield Trap(
            kind="edited-by-hand",
            file=file,
            line=1,
            sentence="Branchline wrote this file, and somebody changed it since",
            todo="Change branchline.yaml; see `branchline workflows write --diff`.",
            is_certain=False,
        )
