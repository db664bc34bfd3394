"""Names that strangers choose, through the generated workflows: nothing injected, nothing lost."""

from __future__ import annotations

import sys
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from markdown_it import MarkdownIt

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES
from tests.generate.workflows.combinations import asked_of
from tests.rig.hub import Hub, Ran

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge

SHELL = "';touch${IFS}pwned;'$(touch${IFS}pwned)`touch${IFS}pwned`"
BRANCH = f'{SHELL}"><img/src=x>&|<!--@ada'
TITLE = f"{SHELL}\n::error::pwned\n##[error]pwned ${{{{ github.token }}}} <script>alert(1)</script>"
PARAM = "lr|$(touch pwned)`x`<img src=x>@ada"
METRIC = "auc|$(touch pwned)<script>alert(1)</script>@ada"
BEST = "'; touch pwned; '\n::error::pwned\n$(touch pwned)|<script>alert(1)</script> @ada -->"
SETTINGS = {
    "model": "demo",
    "stages": {
        "train": {
            "cmd": "python3 train.py",
            "deps": ["train.py"],
            "params": [PARAM],
            "outs": ["model.pkl"],
            "metrics": [{"metrics.json": {"cache": False}}],
        }
    },
    "gate": {"metrics": {METRIC: {"min": 0.5}}},
    "tune": {
        "stages": ["train"],
        "objective": {"metric": METRIC, "goal": "maximize"},
        "space": {PARAM: ["plain", BEST]},
        "trials": 2,
        "write": "params.yaml",
    },
}
TRAIN = f"""\
import json
value = open("params.yaml").read()
open("model.pkl", "w").write(value)
print("::error::pwned")
json.dump({{{METRIC!r}: 0.6 + 0.001 * len(value)}}, open("metrics.json", "w"))
"""


@pytest.fixture
def hub(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[Hub]:
    """A project whose names are hostile, and its workflows."""
    judged_forge.problems.clear()
    judged_forge.faults.clear()
    hub = Hub(judged_forge, tmp_path)
    text = yaml.safe_dump(SETTINGS)
    params = yaml.safe_dump({PARAM: "plain"})
    files = {**FILES, "branchline.yaml": text, "train.py": TRAIN, "params.yaml": params}
    hub.commit("main", {**asked_of(text).files, **files}, "first")
    yield hub
    hub.close()
    assert judged_forge.problems == []


@pytest.mark.slow
def test_nothing_that_a_stranger_names_is_run_or_shown_as_it_is(hub: Hub) -> None:
    commit = hub.commit(f"tuning/{BRANCH}", {}, TITLE)

    searched = hub.pushed(f"tuning/{BRANCH}")["branchline-tune.yml"]

    assert searched.jobs == {"search": "success", "go-on": "skipped", "open": "success"}
    branch = f"training/{commit[:7]}"
    assert yaml.safe_load(hub.git(hub.bare, "show", f"{branch}:params.yaml")) == {PARAM: BEST}
    (pull,) = hub.site.ask("GET", "/pulls")
    (asked,) = hub.dispatched()

    trained = hub.start(asked)

    assert set(trained.jobs.values()) == {"success", "skipped"}
    (comment,) = hub.comments(int(pull["number"]))
    assert "Verdict: passed" in comment
    head = hub.head(branch)
    assert hub.statuses(head) == {"branchline/demo": "passed"}

    # A person's pull request, from a branch and with a title that are as bad.
    hub.commit(f"work/{BRANCH}", {"params.yaml": yaml.safe_dump({PARAM: TITLE})}, TITLE)
    number = hub.open_pull(f"work/{BRANCH}", TITLE)
    tested = hub.pulled(number, TITLE)["branchline.yml"]

    assert set(tested.jobs.values()) == {"success", "skipped"}
    (other,) = hub.comments(number)
    assert hub.statuses(hub.head(f"work/{BRANCH}")) == {"branchline/demo": "passed"}

    # Nothing of it was run, and nothing is a command to the runner.
    assert list(hub.folder.rglob("pwned")) == []
    runs = (searched, trained, tested)
    notes = [note for ran in runs for note in notes_of(ran)]
    assert [note for note in notes if note.startswith(("error: pwned", "error: %0Apwned"))] == []
    # All of it is read as text.
    summaries = [ran.summary(job) for ran in runs for job in ran.jobs]
    assert "tok-bot" not in "".join(summaries)
    for text in (pull["body"], comment, other, *summaries):
        html, plain = parts_of(text)
        assert [tag for tag in html if "script" in tag or "img" in tag or "ada" in tag] == [], text
        assert "@ada" not in plain, text
    for text in (pull["body"], comment, other):
        assert "$(touch pwned)" in unescape(text)


def parts_of(markdown: str) -> tuple[list[str], str]:
    """HTML of a text as GitHub would read it, and what is neither HTML nor code."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    html, plain, depth = [], [], 0
    for token in (inner for outer in tokens for inner in (outer, *(outer.children or ()))):
        if token.type in ("html_inline", "html_block"):
            html.append(token.content)
            depth += token.content.count("<code>") - token.content.count("</code>")
        elif token.type == "text" and not depth:  # nobody is called in code
            plain.append(token.content)
    return html, "\n".join(plain)


def notes_of(ran: Ran) -> list[str]:
    """Annotations of all steps, as level and message."""
    runs = [run for job in ran.report["jobs"] for run in job.get("runs", ())]
    return [
        f"{note['level']}: {note['message']}"
        for run in runs
        for step in run["steps"]
        for note in step.get("annotations", ())
    ]
