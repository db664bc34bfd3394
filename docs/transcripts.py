"""Types what the pages on layouts show, in copies of the examples; --check compares what comes.

python docs/transcripts.py [PAGE...]            write the outputs into the pages
python docs/transcripts.py --check [PAGE...]    compare

A page names its example by its first link to `examples/`. In its `console` blocks a line that
starts with `$ ` is typed, in the order of the page, and what follows is what it prints; a line that
ends with a backslash goes on. A block below a file's name in backticks and a colon is that file.
Times, ids of commits and measured decimals differ from machine to machine and are not compared.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOW_TO = ROOT / "docs" / "how-to"
PAGES = tuple(sorted(path.name for path in HOW_TO.glob("start-with-*.md")))
EXAMPLE = re.compile(r"\]\((?:\.\./)+examples/([\w-]+)\)")
BLOCK = re.compile(
    r"(?:^`(?P<file>[\w./-]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
# What an author of the example does not have yet.
OURS = ("branchline.yaml", "branchline.lock", "dvc.lock", "__pycache__", ".branchline")
VARIES = (
    (re.compile(r"\b\d+(?:\.\d+)? (?:s|ms|min|h)\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{7}(?:-\d+)?\b"), "ID"),
    (re.compile(r"\d+\.\d+"), "NUMBER"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "DAY"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True)
class Typed:
    """A command of a page, and what it prints there."""

    command: str
    printed: str


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("pages", nargs="*", default=PAGES)
    options = parser.parse_args()
    wrong = False
    for name in options.pages:
        page = HOW_TO / name
        text = page.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            now = typed_again(text, Path(folder))
        if options.check:
            said = differences(text, now)
            sys.stdout.write("".join(f"{name}: {line}\n" for line in said))
            wrong = wrong or bool(said)
        elif comparable(text) != comparable(now):
            page.write_text(now, "utf-8")
    return int(wrong)


def typed_again(page: str, scratch: Path) -> str:
    """The page with what its commands print now."""
    name = EXAMPLE.findall(page)[0]
    clone = clone_of(ROOT / "examples" / name, scratch)
    environment = environment_of(scratch)

    def again(block: re.Match[str]) -> str:
        if block["file"]:
            (clone / block["file"]).parent.mkdir(parents=True, exist_ok=True)
            (clone / block["file"]).write_text(block["text"])
            return block[0]
        if block["kind"] != "console":
            return block[0]
        shown = "".join(
            f"$ {typed.command}\n{printed_by(typed.command, clone, environment)}"
            for typed in commands_of(block["text"])
        )
        return f"```console\n{shown}```"

    return BLOCK.sub(again, page)


def commands_of(block: str) -> list[Typed]:
    """The commands of a console block."""
    found = re.split(r"^\$ ", block, flags=re.M)[1:]
    typed = []
    for part in found:
        command, _, printed = part.partition("\n")
        while command.endswith("\\"):
            more, _, printed = printed.partition("\n")
            command += f"\n{more}"
        typed.append(Typed(command, printed))
    return typed


def printed_by(command: str, folder: Path, environment: dict[str, str]) -> str:
    """What a person at a terminal without colours reads, both streams as they come."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def clone_of(example: Path, scratch: Path) -> Path:
    """A git repository with one commit of an example, as its author has it before Branchline."""
    clone = scratch / example.name
    shutil.copytree(example, clone, ignore=shutil.ignore_patterns(*OURS))
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "as it was"]):
        subprocess.run(["git", *words], cwd=clone, env=environment_of(scratch), check=True)
    return clone


def environment_of(home: Path) -> dict[str, str]:
    """Nobody's settings, and the Python of these documents as `python`."""
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    person = {"NAME": "Ada", "EMAIL": "ada@example.org"}
    return kept | {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
        **{f"GIT_AUTHOR_{key}": value for key, value in person.items()},
        **{f"GIT_COMMITTER_{key}": value for key, value in person.items()},
    }


def comparable(text: str) -> list[str]:
    """The lines of a page without what differs from run to run."""
    for pattern, word in VARIES:
        text = pattern.sub(word, text)
    return text.splitlines()


def differences(page: str, now: str) -> list[str]:
    """What a page does not say as it is, line by line."""
    lines = difflib.unified_diff(comparable(page), comparable(now), "page", "now", lineterm="", n=0)
    return list(lines)


if __name__ == "__main__":
    sys.exit(main())
