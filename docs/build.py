"""Writes docs/reference from the sources; --check fails when a page is not up to date.

python docs/build.py            write
python docs/build.py --check    compare
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

import json_fields
import json_samples

from branchline import errors
from branchline.adapters.metric_readers import BUILT_IN, FileReaders
from branchline.cli.arguments import Parser
from branchline.cli.commands import COMMANDS, Command
from branchline.config.schema import data_schema_markdown, json_schema, reference_markdown
from branchline.generate.reference import (
    CommandHelp,
    OptionHelp,
    ReaderHelp,
    commands_page,
    decisions_page,
    errors_page,
    fields_of,
    json_page,
    readers_page,
)

REFERENCE = Path(__file__).parent / "reference"
DECISIONS = Path(__file__).parent / "explanation" / "decisions"
JSON_INTRO = (
    "What `--json` prints and what stands in a run's record (`refs/branchline/runs/RUN`: a tree of "
    "`run.json`, `plan.json`, `evidence.json`, `verdict.json`, `meanings.json`, `profile.json` and "
    "`plots/`; [records](records.md) says what stands where). New "
    "fields may appear at any time; a field that changes its meaning raises the version."
)


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    stale = []
    for name, text in pages().items():
        path = REFERENCE / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not options.check:
            path.write_text(text, encoding="utf-8")
    if stale and options.check:
        sys.stderr.write(f"docs/reference is not up to date: {', '.join(stale)}; type: make docs\n")
        return 1
    return 0


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    import json

    check_json_fields()
    documents = [
        (json_fields.HEADINGS[name], json_fields.FIELDS[name]) for name in json_fields.HEADINGS
    ]
    return {
        "commands.md": commands_page(
            [help_ for command in COMMANDS for help_ in helps_of(command)]
        ),
        "errors.md": errors_page(error_classes()),
        "configuration.md": reference_markdown(),
        "data-schema.md": data_schema_markdown(),
        "branchline.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
        "metric-readers.md": readers_page(readers()),
        "decisions.md": decisions_page(decisions()),
        "json.md": json_page("JSON documents and records", JSON_INTRO, documents),
    }


def decisions() -> list[tuple[str, str]]:
    """(file name, heading) of every decision record, in the order of their numbers."""
    return [
        (path.name, path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# "))
        for path in sorted(DECISIONS.glob("*.md"))
    ]


def readers() -> list[ReaderHelp]:
    """The built-in metric readers, in the order in which they are asked."""
    known = FileReaders(dict)
    return [
        ReaderHelp(
            name=name,
            reads=known.reader(name).reads,
            rule=known.reader(name).rule,
            files=", ".join(f"`{ending}`" for ending in entry.endings)
            or ("where it is named" if entry.is_named else "folders"),
        )
        for name, entry in BUILT_IN.items()
    ]


def error_classes() -> list[type[errors.BranchlineError]]:
    """All errors that a user can meet."""
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type)
        and issubclass(value, errors.BranchlineError)
        and value is not errors.BranchlineError
    ]


def helps_of(command: Command) -> list[CommandHelp]:
    """The help of a command and of its sub-commands."""
    parser = Parser(command.name, command.summary)
    import_module(command.module).configure(parser)
    found = [CommandHelp(name=command.name, summary=command.summary, options=options_of(parser))]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            texts = {choice.dest: choice.help or "" for choice in action._choices_actions}
            found += [
                CommandHelp(
                    name=f"{command.name} {name}",
                    summary=texts.get(name, ""),
                    options=options_of(child),
                )
                for name, child in action.choices.items()
            ]
    return found


def options_of(parser: argparse.ArgumentParser) -> tuple[OptionHelp, ...]:
    """Options and arguments, read from the parser: its own help text differs between Pythons."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        metavar = action.metavar or (
            "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
        )
        spelled = ", ".join(action.option_strings)
        if not spelled:
            spelled = f"{metavar}..." if action.nargs in ("*", "+") else str(metavar)
        elif action.nargs != 0:
            spelled += f" {metavar}"
        text = (action.help or "") % {"default": action.default, "prog": parser.prog}
        found.append(OptionHelp(spelled=spelled, text=text))
    return tuple(found)


def check_json_fields() -> None:
    """Every field has a meaning, and every meaning a field."""
    for name, sample in json_samples.SAMPLES.items():
        closed = [
            path
            for path in fields_of(sample)
            if not any(path.startswith((f"{o}.", f"{o}[")) for o in json_fields.OPEN[name])
        ]
        if set(closed) != set(json_fields.FIELDS[name]):
            differing = sorted(set(closed) ^ set(json_fields.FIELDS[name]))
            raise SystemExit(f"docs/json_fields.py: {name}: {', '.join(differing)}")


if __name__ == "__main__":
    sys.exit(main())
