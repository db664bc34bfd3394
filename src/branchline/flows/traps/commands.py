"""Commands in a workflow's scripts that end with "no such option", and pull requests that wait.

Reads scripts as far as one can without running them: what is not sure is passed over.
"""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING

from branchline.flows.traps.command_options import CML, DVC, DVC_EVERYWHERE
from branchline.flows.traps.values import Trap
from branchline.flows.traps.yaml_tree import child, entries, items, line, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from yaml import Node

__all__ = ["scripts", "traps_of_commands"]

# Options of older versions, which tutorials still show.
_RENAMED = {"--show-md": "--md", "--show-json": "--json", "--show-csv": "--csv"}
_SEPARATOR = re.compile(r"\s*(?:&&|\|\||[;|])\s*")
_OPENS = re.compile(r"\b(?:gh\s+pr\s+create|cml\s+pr(?:\s+create)?|hub\s+pull-request)\b")
_OPENING_ACTION = "peter-evans/create-pull-request@"
_OWN_TOKEN = re.compile(r"secrets\.GITHUB_TOKEN\b|github\.token\b")
_ANY_SECRET = re.compile(r"\$\{\{[^}]*(?:secrets|steps)\.(?!GITHUB_TOKEN\b)\w+")


def traps_of_commands(file: str, tree: Node) -> Iterator[Trap]:
    """Options that do not exist, and pull requests whose workflows wait for somebody.

    Args:
        file: Of the workflow, from the root.
        tree: Of its text.
    """
    for _, job in entries(child(tree, "jobs")):
        for step in items(child(job, "steps")):
            for number, command in _commands(step):
                yield from _of_words(file, number, command)
            yield from _of_opening(file, tree, job, step)


def scripts(tree: Node) -> Iterator[str]:
    """All scripts of a workflow."""
    for _, job in entries(child(tree, "jobs")):
        for step in items(child(job, "steps")):
            yield text(child(step, "run"))


def _commands(step: Node) -> Iterator[tuple[int, list[str]]]:
    """Commands of a step's script as words, each with the line on which it begins."""
    node = child(step, "run")
    if node is None:
        return
    # The text of a block begins on the line after its sign.
    first = line(node) + (1 if getattr(node, "style", None) in ("|", ">") else 0)
    joined, begins = "", first
    for number, part in enumerate(text(node).splitlines(), first):
        begins = begins if joined else number
        joined += part
        if part.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        for command in _SEPARATOR.split(joined):
            try:
                words = shlex.split(command, comments=True)
            except ValueError:
                words = []
            if words:
                yield begins, words
        joined = ""


def _of_words(file: str, number: int, words: Sequence[str]) -> Iterator[Trap]:
    tools = {"dvc": DVC, "cml": CML}
    start = next((i for i, word in enumerate(words[:3]) if word in tools), None)
    if start is None:
        return
    tool, rest = words[start], list(words[start + 1 :])
    if tool == "dvc" and rest[:1] == ["run"]:
        yield Trap(
            kind="no-such-option", file=file, line=number,
            sentence="`dvc run` is gone since DVC 3", todo="Write dvc stage add, or dvc repro.",
        )  # fmt: skip
        return
    named = next((n for n in (" ".join(rest[:2]), " ".join(rest[:1])) if n in tools[tool]), "")
    if not named:
        return
    known = set(tools[tool][named].split()) | (DVC_EVERYWHERE if tool == "dvc" else set())
    for word in rest[len(named.split()) :]:
        if word == "--":
            return
        option = word.partition("=")[0]
        # A prefix of one option is that option.
        if not re.fullmatch(r"--[a-z][a-z-]*", option) or any(k.startswith(option) for k in known):
            continue
        yield Trap(
            kind="no-such-option",
            file=file,
            line=number,
            sentence=f"`{tool} {named}` has no option {option}, and refuses to run with it",
            todo=_instead(tool, named, option, known),
        )


def _instead(tool: str, named: str, option: str, known: set[str]) -> str:
    if tool == "cml" and named.startswith("pr") and option == "--file":
        return "Name the files without an option, or write `branchline pr create --file FILE`."
    near = _RENAMED.get(option, "")
    near = near if near in known else next(iter(get_close_matches(option, sorted(known), 1)), "")
    return f"Write {near}." if near else f"Take it out; see `{tool} {named} --help`."


def _of_opening(file: str, tree: Node, job: Node, step: Node) -> Iterator[Trap]:
    """A step that opens a pull request with the workflow's own token."""
    uses, script = child(step, "uses"), child(step, "run")
    found = _OPENS.search(text(script)) if script is not None else None
    node = script if found else None
    if uses is not None and text(uses).startswith(_OPENING_ACTION):
        node = uses
    if node is None:
        return
    given = [text(value) for _, value in _given(tree, job, step)]
    if any(_ANY_SECRET.search(value) for value in given):
        return
    is_said = any(_OWN_TOKEN.search(value) for value in given)
    if is_said or node is uses:
        yield Trap(
            kind="pull-request-that-waits",
            file=file,
            line=line(node),
            sentence="a pull request that GITHUB_TOKEN opens starts no workflow by itself: it waits"
            " until somebody approves the run, and on an Enterprise server for ever",
            todo="Start it: gh workflow run FILE --ref BRANCH (`actions: write`), or open it with"
            " the token of a GitHub App.",
            is_certain=False,
        )


def _given(tree: Node, job: Node, step: Node) -> Iterator[tuple[str, Node]]:
    for holder in (tree, job, step):
        yield from entries(child(holder, "env"))
    yield from entries(child(step, "with"))
