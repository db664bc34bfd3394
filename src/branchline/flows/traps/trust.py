"""Who may take a role of a cloud by a job's identity: too many, where a pattern says so.

Reads what teams keep such documents in (JSON, Terraform, CloudFormation, shell) as text: the
subject is the same text in all of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from branchline.flows.traps.values import Trap
from branchline.ports.checkup import TRUST_ISSUER as ISSUER

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["traps_of_trust"]

_SUBJECT = re.compile(r"""repo:(?P<repository>[^:"'\s,;)\]]*)(?P<rest>(?::[^"'\s,;)\]]*)?)""")
_EXACT = "repo:OWNER/NAME:environment:ENVIRONMENT"


def traps_of_trust(file: str, content: bytes) -> tuple[Trap, ...]:
    """Subjects of a document that more jobs have than are meant.

    Args:
        file: From the root.
        content: Of it.
    """
    text = content.decode("utf-8", "replace")
    if ISSUER not in text:
        return ()
    return (*_wide(file, text), *_missing(file, text))


def _wide(file: str, text: str) -> Iterator[Trap]:
    for number, line in enumerate(text.splitlines(), 1):
        for found in _SUBJECT.finditer(line):
            who = _who(found["repository"], found["rest"])
            if who:
                yield Trap(
                    kind="wide-trust",
                    file=file,
                    line=number,
                    sentence=f"`{found[0]}` lets {who} take the role",
                    todo=f"Name one environment: {_EXACT} (`branchline workflows suggest"
                    " aws-trust` writes it in each form that GitHub uses).",
                )


def _who(repository: str, rest: str) -> str:
    """Who gets in too; "" where the subject is exact."""
    if repository in ("", "*") or repository.startswith(("*/", "?")):
        return "every repository on GitHub" if repository else ""
    if "*" in repository:
        return f"every repository that `{repository}` matches"
    kind = rest.removeprefix(":")
    if "${" in rest or "${" in repository:
        return ""
    if kind == "*":
        return "every branch and every pull request of the repository"
    if kind == "pull_request":
        return "the code of every pull request"
    return "every branch that matches" if "*" in kind and kind.startswith("ref:") else ""


def _missing(file: str, text: str) -> Iterator[Trap]:
    """A statement of a JSON document that trusts GitHub and whose subject is anybody's."""
    import json

    if not file.endswith(".json"):
        return
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        shown = json.dumps(statement)
        principal = statement.get("Principal") if isinstance(statement, dict) else None
        if ISSUER not in json.dumps(principal) or '"Allow"' not in shown:
            continue
        subjects = list(_subjects(statement))
        if not subjects or "*" in subjects:
            asked = "the subject `*` lets" if subjects else "no condition on the subject lets"
            place = text.find(ISSUER)
            if subjects:
                place = text.find('"*"', text.find(f"{ISSUER}:sub"))
            yield Trap(
                kind="wide-trust",
                file=file,
                line=1 + text[:place].count("\n"),
                sentence=f"{asked} every repository on GitHub take the role",
                todo=f'Add "StringEquals": {{"{ISSUER}:sub": "{_EXACT}"}}.',
            )


def _subjects(statement: Any) -> Iterator[object]:
    conditions = statement.get("Condition") if isinstance(statement, dict) else None
    for test in conditions.values() if isinstance(conditions, dict) else ():
        found = test.get(f"{ISSUER}:sub") if isinstance(test, dict) else None
        yield from found if isinstance(found, list) else [found] if found else []
