"""The pages on layouts show what their commands print: each is typed in a copy of its example.

With that each of these examples goes from `git clone` to a verdict, nothing asked, no code changed.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.name for path in (ROOT / "docs/how-to").glob("start-with-*.md"))
NEEDS = {
    "start-with-a-notebook.md": ("sklearn", "nbclient", "ipykernel"),
    "start-with-a-trainer.md": ("sklearn", "lightgbm"),
    "start-with-hydra.md": ("sklearn", "hydra"),
}


@pytest.fixture(scope="module")
def transcripts() -> Iterator[ModuleType]:
    """docs/transcripts.py."""
    spec = importlib.util.spec_from_file_location("transcripts", ROOT / "docs/transcripts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[spec.name]


def git(folder: Path, *words: str) -> str:
    """What git says there."""
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)  # each training imports scikit-learn
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_its_commands_print(
    transcripts: ModuleType, tmp_path: Path, name: str
) -> None:
    for module in NEEDS.get(name, ("sklearn",)):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: make demo")
    page = (ROOT / "docs/how-to" / name).read_text("utf-8")

    now = transcripts.typed_again(page, tmp_path)

    assert transcripts.differences(page, now) == []
    assert "Traceback" not in now
    assert "Verdict: Passed: " in now
    clone = tmp_path / transcripts.EXAMPLE.findall(page)[0]
    first, judged = git(clone, "log", "--reverse", "--format=%h").split()
    changed = git(clone, "diff", "--name-only", "--diff-filter=ad", first, judged).split()
    assert set(changed) <= {".gitignore"}, "of what the author had nothing is edited"
    assert len(git(clone, "show", f"{judged}:branchline.yaml").splitlines()) <= 15


@pytest.mark.parametrize("name", PAGES)
def test_a_page_goes_from_init_to_a_change_that_trains(transcripts: ModuleType, name: str) -> None:
    page = (ROOT / "docs/how-to" / name).read_text("utf-8")

    commands = [
        typed.command
        for block in transcripts.BLOCK.finditer(page)
        if block["kind"] == "console"
        for typed in transcripts.commands_of(block["text"])
    ]

    assert commands[0].startswith("branchline init")
    assert "branchline run" in commands
    assert page.index("## A change that does not train") < page.index("## A change that trains")
    assert "## What may puzzle" in page


def test_what_differs_from_machine_to_machine_is_not_compared(transcripts: ModuleType) -> None:
    page = "ran in 3.5 s, run 1b4da47-2, `auc` is 0.9973"

    assert transcripts.differences(page, "ran in 61 s, run fd8e619, `auc` is 0.9971") == []
    assert transcripts.differences(page, page.replace("auc", "f1")) != []
