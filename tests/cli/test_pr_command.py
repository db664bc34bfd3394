"""`branchline pr` in a clone whose remote is a box; the box's hooks are off, so nothing trains."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline import wiring
from branchline.flows.remotes import BoxOptions
from branchline.generate.reference import fields_of
from branchline.ports.forge import Check, CheckState
from branchline.wiring import desks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Clone, Said

FILES = {"params.yaml": "train:\n  depth: 4\n", "train.py": "print(1)\n"}


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "models.git"
    wiring.make_box(str(path), BoxOptions())
    subprocess.run(["git", "config", "core.hooksPath", "/dev/null"], cwd=path, check=True)
    return path


@pytest.fixture
def clone(make_clone: Callable[..., Clone], box: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    from branchline.adapters.box import LocalBox

    monkeypatch.setattr(LocalBox, "wake", lambda self: False)
    clone = make_clone(FILES)
    clone.git("remote", "add", "box", str(box))
    clone.git("config", "remote.box.branchline", "true")
    clone.git("push", "-q", "box", "main")
    return clone


def branch(clone: Clone, name: str = "deeper", text: str = "train:\n  depth: 8\n") -> None:
    clone.git("checkout", "-q", "-b", name)
    clone.write("params.yaml", text)
    clone.commit("Deeper trees")
    clone.git("push", "-q", "box", name)


def check(box: Path, number: int, state: CheckState = CheckState.PASSED) -> None:
    with desks.open_desk(str(box)) as desk:
        commit = desk.view(number).pull.commit
        desk.pulls.forge.set_check(commit, Check(name="verdict", state=state), at=1.0)


def pr(clone: Clone, box: Path, *words: str) -> Said:
    return clone.call("pr", *words, "--box", str(box))


def head(box: Path, name: str) -> str:
    done = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", f"refs/heads/{name}"],
        cwd=box, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_from_a_branch_to_a_merge(clone: Clone, box: Path) -> None:
    branch(clone)

    opened = pr(clone, box, "create", "--title", "Deeper trees")
    listed = pr(clone, box, "list")
    check(box, 1)
    approved = pr(clone, box, "approve", "#1")
    shown = pr(clone, box, "show", "1", "--diff")
    # What its opening started may fail meanwhile: this project has no stages.
    merged = pr(clone, box, "merge", "1", "--method", "squash", "--override", "seen by hand")
    again = pr(clone, box, "merge", "1")

    assert (opened.code, opened.out) == (0, "Opened #1 from deeper into main.\n")
    assert "sees to it; follow with: branchline logs --job" in opened.err
    assert "Deeper trees  deeper  main  open" in listed.out
    assert approved.out.startswith("Approved #1 at ")
    for said in (
        "#1 Deeper trees",
        "by Ada <ada@example.org>",
        "verdict",
        "params.yaml:train.depth  4    8",
    ):
        assert said in shown.out, shown.out
    assert "+  depth: 8" in shown.out
    assert "follow with: branchline logs --job" in merged.err
    assert merged.out == f"Merged #1 into main as {head(box, 'main')[:12]}.\n"
    assert again.out.startswith("Was merged already: #1 into main as")
    queued = clone.call("-C", str(box), "queue", "--all", "--json")
    jobs = [job for job in json.loads(queued.out)["jobs"] if job["commit"] == head(box, "main")]
    assert [job["branch"] for job in jobs] == ["main"]


def test_the_box_is_found_by_its_remote(clone: Clone, box: Path) -> None:
    branch(clone)

    assert clone.call("pr", "create", "--title", "T", "--remote", "box").code == 0
    assert json.loads(clone.call("pr", "list", "--json").out)["pulls"][0]["head"] == "deeper"
    assert clone.call("-C", str(box), "pr", "list").code == 0


def test_files_of_the_working_tree_as_in_cml(clone: Clone, box: Path) -> None:
    clone.write("params.yaml", "train:\n  depth: 9\n")
    clone.write("out/best.yaml", "depth: 9\n")
    before = clone.git("rev-parse", "HEAD")
    words = (
        "create", "--title", "Best", "--body", "**b**", "--branch", "best", "--target-branch",
        "main",
        "--user-email", "bot@example.org", "--user-name", "Bot", "params.yaml", "out",
    )  # fmt: skip

    opened = pr(clone, box, *words)
    again = pr(clone, box, *words)

    assert opened.out == "Opened #1 from best into main.\n"
    assert again.code in (0, 1)
    assert clone.git("rev-parse", "HEAD") == before
    assert clone.git("branch", "--list", "best") == ""
    made = clone.git("-C", str(box), "log", "-1", "--format=%an <%ae> %s", "best")
    assert made == "Bot <bot@example.org> Best"
    assert clone.git("-C", str(box), "show", "best:out/best.yaml") == "depth: 9"
    assert clone.git("status", "--porcelain") == "M params.yaml\n?? out/"


def test_files_that_the_commit_holds_open_nothing(clone: Clone, box: Path) -> None:
    said = pr(clone, box, "create", "--title", "Same", "--file", "params.yaml")

    assert said.code == 0
    assert "unchanged" in said.err
    assert json.loads(pr(clone, box, "list", "--json").out)["pulls"] == []


@pytest.mark.parametrize("name", ["../secret", ".git/config", "absent.txt", "/etc/passwd"])
def test_files_from_elsewhere_are_refused(clone: Clone, box: Path, name: str) -> None:
    (clone.root.parent / "secret").write_text("s")

    said = pr(clone, box, "create", "--title", "T", "--file", name)

    assert said.code == 2
    assert "Traceback" not in said.err
    assert list(head(box, "x")) == []


def test_conflicts_are_named_with_the_way_out(clone: Clone, box: Path) -> None:
    branch(clone)
    pr(clone, box, "create", "--title", "T")
    check(box, 1)
    clone.git("checkout", "-q", "main")
    clone.write("params.yaml", "train:\n  depth: 5\n")
    clone.commit("Other")
    clone.git("push", "-q", "box", "main")

    said = pr(clone, box, "merge", "1", "--override", "now")

    assert said.code == 1
    assert "conflicts in `params.yaml`" in said.err
    assert "Merge `main` into `deeper`" in said.err


def test_a_moved_head_is_looked_at_again(clone: Clone, box: Path) -> None:
    branch(clone)
    pr(clone, box, "create", "--title", "T")
    old = head(box, "deeper")
    pr(clone, box, "approve", "1")
    clone.write("train.py", "print(2)\n")
    clone.commit("More")
    clone.git("push", "-q", "box", "deeper")

    said = pr(clone, box, "approve", "1", "--commit", old)

    assert said.code == 1
    assert "any more" in said.err
    assert json.loads(pr(clone, box, "show", "1", "--json").out)["approved_by"] == ""


def test_closing(clone: Clone, box: Path) -> None:
    branch(clone)
    pr(clone, box, "create", "--title", "T")

    assert pr(clone, box, "close", "1").out == "Closed #1.\n"
    assert "no open pull request" in pr(clone, box, "list").err
    assert "closed" in pr(clone, box, "list", "--state", "all").out


def test_text_of_others_cannot_drive_the_terminal(clone: Clone, box: Path) -> None:
    branch(clone)
    pr(clone, box, "create", "--title", "\x1b[31mred", "--body", "\x1b]0;t\x07")

    for words in (("list",), ("show", "1", "--diff")):
        assert "\x1b" not in pr(clone, box, *words).out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param((), 2, "verb", id="no-verb"),
        pytest.param(("show", "9"), 2, "no pull request #9", id="unknown-number"),
        pytest.param(("show", "x"), 2, "number", id="no-number"),
        pytest.param(
            ("create", "--title", "T", "--head", "nope"), 1, "no branch `nope`", id="no-branch"
        ),
        pytest.param(
            ("create", "--head", "a", "--branch", "b"), 2, "two branches", id="two-heads"
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(
    clone: Clone, box: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    answer = clone.call("pr", *words, *(["--box", str(box)] if words else []))

    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_a_folder_that_is_no_box_is_refused(clone: Clone, tmp_path: Path) -> None:
    answer = clone.call("pr", "list", "--box", str(tmp_path))

    assert answer.code != 0
    assert "Traceback" not in answer.err


def test_what_is_printed_as_json_is_documented(
    clone: Clone, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs"))
    branch(clone)
    pr(clone, box, "create", "--title", "T")
    check(box, 1)
    from importlib import util

    spec = util.spec_from_file_location(
        "json_fields", Path(__file__).parents[2] / "docs" / "json_fields.py"
    )
    assert spec is not None
    assert spec.loader is not None
    fields = util.module_from_spec(spec)
    spec.loader.exec_module(fields)

    for name, words in (("pr list", ("list",)), ("pr show", ("show", "1"))):
        printed = json.loads(pr(clone, box, *words, "--json").out)

        assert next(iter(printed)) == "schema_version"
        assert set(fields_of(printed)) - set(fields.FIELDS[name]) == set()


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--state", "all", "--json"),
        ("show", "3", "--diff"),
        ("merge", "#3", "--method", "squash", "--override", "-x; $(id) 'y'"),
        ("create", "--title", "--help", "--body", "", "--head", "a", "--base", "b", "--draft"),
        ("approve", "3", "--commit", "abc", "--user-name", "B"),
    ],
    ids=" ".join,
)
def test_a_box_elsewhere_is_asked_the_same(clone: Clone, words: tuple[str, ...]) -> None:
    from branchline.cli import pr as command
    from branchline.cli.arguments import Parser, parse
    from branchline.cli.pr_show import far_words

    parser = Parser("pr", "p")
    command.configure(parser)
    dashed = [f"--title={w}" if w == "--help" else w for w in words if w != "--title"]
    dashed = [f"--override={w}" if w.startswith("-x") else w for w in dashed if w != "--override"]
    asked = parse(parser, [*dashed, "--remote", "far"])

    sent = far_words(asked)
    there = vars(parse(parser, sent[1:]))

    own = {"remote", "user_name", "user_email"}
    assert sent[0] == "pr"
    assert {k: v for k, v in there.items() if k not in own} == {
        k: v for k, v in vars(asked).items() if k not in own
    }
    if "user_name" in there:
        assert there["user_email"] == "ada@example.org"
