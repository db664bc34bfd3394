"""What each field of the JSON of `branchline env` means, with samples that have them all."""

from __future__ import annotations

from branchline.cli.env_report import repair_to_json, shown_to_json
from branchline.core.environment.failures import Diagnosis, FailureKind
from branchline.core.environment.values import Asked, Hint, Interpreter, Package, Strength
from branchline.errors import EnvironmentFailedError
from branchline.flows.environments.asking import Question
from branchline.flows.environments.shown import Shown
from branchline.flows.repairing.repair import Attempt, Idea, Repair
from branchline.flows.repairing.trying import Tried

SHOW = {
    "schema_version": "integer: version of this document",
    "is_made": "boolean: whether Branchline makes the environment that stages run in here; else "
    "they run in your own",
    "own_python": "string: minor version of the Python that stages find without one",
    "python": "object: the interpreter that the environment is made with",
    "python.version": "string: in full",
    "python.path": "string: absolute path",
    "python.hint": "object or null: what speaks for it, as in `hints`; null when no file says",
    "python.hint.file": "string: from the root",
    "python.hint.line": "integer: from 1",
    "python.hint.quote": "string: the line",
    "python.hint.says": "array of strings: minor versions, or a range",
    "python.hint.strength": "string: `exact`, `set` (tried with these) or `range`",
    "hints": "array: all that files say of the interpreter, in order of trust",
    "hints[].file": "string: from the root",
    "hints[].line": "integer: from 1",
    "hints[].quote": "string: the line",
    "hints[].says": "array of strings: minor versions, or a range",
    "hints[].strength": "string: `exact`, `set` or `range`",
    "file": "string: says which packages; empty when no file does",
    "form": "string: what that file is",
    "as_of": "string: day up to which published versions count; empty when none bounds them",
    "why_as_of": "string: why that day",
    "packages": "array or null: what was found, or what the lock pins; null when it was not looked "
    "for, or there is none",
    "packages[].name": "string: normalised",
    "packages[].version": "string: empty for an address",
    "packages[].source": "string: address that it is from; empty for an index",
    "packages[].marker": "string: where it counts; empty is everywhere",
    "packages[].hashes": "array of strings: digests of files that are allowed",
    "digest": "string: of the set; it enters the keys",
    "folder": "string: where the environment stands, or would; empty when it is not known",
    "is_there": "boolean: whether it is made already",
    "notes": "array of strings: what you should know",
    "problem": "object or null: why the packages cannot be found, as the error of a command",
    "problem.slug": "string: which error",
    "problem.message": "string: what is wrong",
    "problem.details": "array of strings: the finder's own words",
    "problem.todo": "string or null: what to do",
    "problem.exit_code": "integer: of the command",
}
REPAIR = {
    "schema_version": "integer: version of this document",
    "is_needed": "boolean: false when it runs with the newest versions",
    "is_found": "boolean: whether a try ran",
    "is_written": "boolean: whether the file was written",
    "file": "string: its name",
    "text": "string: what it holds, or would; empty when no try ran",
    "attempts": "array: what was tried, in order; the last one ran if `is_found`",
    "attempts[].python": "string: full version; empty when no interpreter fitted",
    "attempts[].as_of": "string: a day, or `none` for the newest versions",
    "attempts[].wishes": "array of strings: packages that were added",
    "attempts[].constraints": "array of strings: bounds that were added",
    "attempts[].overrides": "array of strings: bounds that count before what files say",
    "attempts[].built_only": "array of strings: packages of which only built files were taken",
    "attempts[].packages": "integer: how many were found",
    "attempts[].ran_s": "number: seconds that the commands took",
    "attempts[].is_cut": "boolean: stopped at the limit without having failed",
    "attempts[].failure": "object or null: why it failed",
    "attempts[].failure.kind": "string: `missing_module`, `removed_api`, `gone_from_python`, "
    "`build`, `no_wheel`, `conflict`, `not_yet`, `own` (a module of the repository) or `other`",
    "attempts[].failure.sentence": "string: says it",
    "attempts[].failure.quote": "string: the line of the program or installer that says so",
    "attempts[].failure.place": "string: `FILE:LINE` of the repository; empty when not known",
}

_HINT = Hint(
    file="Dockerfile",
    line=1,
    quote="FROM python:3.9-slim",
    says=("3.9",),
    strength=Strength.EXACT,
)
_SHOWN = Shown(
    is_made=True,
    own_python="3.11",
    question=Question(
        file="requirements.txt",
        form="requirements",
        python=Interpreter(version="3.9.18", path="/usr/bin/python3.9"),
        hint=_HINT,
        hints=(_HINT,),
        as_of="2021-05-03",
        why_as_of="the day of commit 2b08c9f",
        asked=Asked(root="/project", file="requirements.txt"),
        notes=("a note",),
    ),
    packages=(Package(name="numpy", version="1.20.2", hashes=("sha256:0",)),),
    digest="5e02ce3f26cd",
    folder="/cache/5e02ce3f26cd",
    problem=EnvironmentFailedError("the packages cannot be installed", details=["no"], todo="Mend"),
)
_FAILED = Attempt(
    idea=Idea(as_of="none"),
    python="3.9.18",
    packages=5,
    tried=Tried(
        found=None,
        diagnosis=Diagnosis(
            kind=FailureKind.MISSING_MODULE,
            sentence="`yaml` is imported, and no requirement brings it; it comes in pyyaml",
            quote="ModuleNotFoundError: No module named 'yaml'",
            place="train.py:3",
        ),
    ),
)
SAMPLES = {
    "env show": shown_to_json(_SHOWN),
    "env repair": repair_to_json(
        Repair(attempts=(_FAILED,), is_needed=True, text="numpy==1.20.2\n"), is_written=False
    ),
}
HEADINGS = {
    "env show": "`branchline env show --json`",
    "env repair": "`branchline env repair --json`",
}
