"""What an engine decides after each kind of change, row by row, against Branchline and real DVC.

The project: `a` joins d1 and d2 into o1 and tracks two parameters, `b` copies o1 to o2. It is run
once, one thing is changed, it is run again. `ran` are the stages that were reproduced, restored
ones included; `executed` are those whose commands were started. Rows 26, 30 and 31 differ from DVC
on purpose and stand in tests of their own.
"""

from __future__ import annotations

import hashlib
import os
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Dvc, Project

DVC_YAML = """\
stages:
  a:
    cmd: cat d1 d2 > o1 && echo a >> ran.log
    deps:
    - d1
    - d2
    params:
    - lr
    - n
    outs:
    - o1
  b:
    cmd: cp o1 o2 && echo b >> ran.log
    deps:
    - o1
    outs:
    - o2
"""
PARAMS = "lr: 0.1\nn: 1\nunused: 3\n"
FILES = {
    "dvc.yaml": DVC_YAML,
    "params.yaml": PARAMS,
    "d1": "one\ntwo\n",
    "d2": "three\n",
    "d3": "four\n",
    ".gitignore": "ran.log\n",
}


@dataclass(frozen=True)
class Outcome:
    """What a second run did."""

    fine: bool
    ran: tuple[str, ...]
    executed: tuple[str, ...]
    text: str = ""


class Engine(ABC):
    """One of the two engines, on one project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @abstractmethod
    def run(self, **options: bool) -> Outcome:
        """Run the pipeline."""


class BranchlineEngine(Engine):
    """Ours, through the real command line.

    A stage ran when a command was executed, an output was put back, or its lock entry is new.
    """

    def run(self, **options: bool) -> Outcome:
        flags = [f"--{name.replace('_', '-')}" for name, wanted in options.items() if wanted]
        before, locked_before = self._signatures(), self._locked()
        done = self.project.branchline("run", *flags)
        executed = self.project.executed()
        seen = self._signatures()
        ran = {stage for stage, path in self._outs() if seen[path] and seen[path] != before[path]}
        ran |= {stage for stage in self._locked() if stage not in locked_before}
        return Outcome(
            done.code == 0, tuple(sorted(ran | set(executed))), tuple(executed), done.text
        )

    def _outs(self) -> list[tuple[str, str]]:
        first = "a2" if "a2:" in self.project.read("dvc.yaml") else "a"
        return [(first, "o1"), ("b", "o2")]

    def _locked(self) -> list[str]:
        lines = self.project.read("dvc.lock").splitlines()
        return [line.strip(" :") for line in lines if line[:2] == "  " and line[2:3] != " "]

    def _signatures(self) -> dict[str, tuple[int, int] | None]:
        found: dict[str, tuple[int, int] | None] = {}
        for name in ("o1", "o2"):
            path = self.project.root / name
            info = path.stat() if path.exists() else None
            found[name] = (info.st_ino, info.st_mtime_ns) if info else None
        return found


class DvcEngine(Engine):
    """Theirs, so that the table is known to be true."""

    def __init__(self, project: Project, dvc: Dvc) -> None:
        super().__init__(project)
        self._dvc = dvc
        assert dvc.call("init", project.root)[0]

    def run(self, **options: bool) -> Outcome:
        fine, value = self._dvc.call("reproduce", self.project.root, **options)
        executed = tuple(self.project.executed())
        ran = tuple(sorted(value)) if fine else ()
        return Outcome(fine, ran, executed, "" if fine else str(value))


@pytest.fixture(
    params=["branchline", pytest.param("dvc", marks=[pytest.mark.peers, pytest.mark.slow])]
)
def make_engine(
    request: pytest.FixtureRequest, make_project: Callable[[dict[str, str]], Project]
) -> Callable[[dict[str, str]], Engine]:
    """Builds an engine on a fresh project with the given files."""

    def make(files: dict[str, str]) -> Engine:
        project = make_project(files)
        if request.param == "dvc":
            return DvcEngine(project, request.getfixturevalue("dvc"))
        return BranchlineEngine(project)

    return make


@pytest.fixture
def ours(make_project: Callable[[dict[str, str]], Project]) -> Project:
    """The project after its first run by Branchline."""
    project = make_project(FILES)
    first = project.branchline("run")
    assert first.code == 0, first.text
    assert sorted(project.executed()) == ["a", "b"]
    return project


def later(project: Project, path: str) -> None:
    moment = time.time_ns() + 5_000_000_000
    os.utime(project.root / path, ns=(moment, moment))


def remove(*paths: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        for path in paths:
            (project.root / path).unlink()

    return change


def edit(path: str, old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.replace(path, old, new)


def write(path: str, text: str) -> Callable[[Project], None]:
    return lambda project: project.write(path, text)


def both(*changes: Callable[[Project], None]) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        for one in changes:
            one(project)

    return change


FOLDED = (
    "    cmd: >-\n      cat d1 d2 > o1\n      && echo a >> ran.log\n"  # the same string, folded
)
CMD_A = "    cmd: cat d1 d2 > o1 && echo a >> ran.log\n"

ROWS = [
    pytest.param(lambda project: None, "", "", id="01-nothing"),
    pytest.param(lambda project: later(project, "d1"), "", "", id="02-time-of-a-dep"),
    pytest.param(write("d1", "new\n"), "ab", "ab", id="03-content-of-a-dep"),
    pytest.param(edit("dvc.yaml", "    - d2\n", ""), "", "", id="04-dep-removed-from-dvc-yaml"),
    pytest.param(
        edit("dvc.yaml", "    - d1\n    - d2\n", "    - d2\n    - d1\n"), "", "", id="05-reordered"
    ),
    pytest.param(
        edit("dvc.yaml", "    - d2\n", "    - d2\n    - d3\n"), "a", "a", id="06-dep-added"
    ),
    pytest.param(edit("params.yaml", "unused: 3", "unused: 4"), "", "", id="07-untracked-param"),
    pytest.param(edit("params.yaml", "0.1", "0.10"), "", "", id="08-number-written-longer"),
    pytest.param(edit("params.yaml", "n: 1", "n: 1.0"), "", "", id="09-int-becomes-float"),
    pytest.param(edit("dvc.yaml", "    - n\n", ""), "", "", id="10-param-removed-from-list"),
    pytest.param(
        edit("dvc.yaml", "    - n\n", "    - n\n    - unused\n"), "a", "a", id="11-param-added"
    ),
    pytest.param(
        both(
            write("params.yaml", "# why\n" + PARAMS),
            edit("dvc.yaml", "  a:\n", "  # joins\n  a:  # both\n"),
        ),
        "",
        "",
        id="12-comments-in-params-and-dvc-yaml",
    ),
    pytest.param(
        edit("dvc.yaml", CMD_A, "    desc: joins\n    meta: {owner: ada}\n" + CMD_A),
        "",
        "",
        id="14-desc-and-meta-added",
    ),
    pytest.param(edit("dvc.yaml", CMD_A, FOLDED), "", "", id="15-cmd-folded"),
    pytest.param(edit("dvc.yaml", "cat d1 d2", "cat  d1 d2"), "a", "a", id="16-cmd-one-more-space"),
    pytest.param(
        edit("dvc.yaml", CMD_A, CMD_A.replace("cmd: ", "cmd:\n    - ")),
        "a",
        "a",
        id="17-cmd-becomes-a-list-of-one",
    ),
    pytest.param(edit("dvc.yaml", "  a:\n", "  a2:\n"), ("a2",), "", id="18-stage-renamed"),
    pytest.param(remove("dvc.lock"), "ab", "", id="19-lock-deleted"),
    pytest.param(write("o1", "by hand\n"), "a", "", id="20-output-edited-by-hand"),
    pytest.param(remove("o1"), "a", "", id="20-output-deleted"),
    pytest.param(
        edit("dvc.yaml", "    - o1\n  b:", "    - o1:\n        persist: true\n  b:"),
        "",
        "",
        id="21-persist-added",
    ),
    pytest.param(
        edit("dvc.yaml", "    - o1\n  b:", "    - o1:\n        cache: false\n  b:"),
        "",
        "",
        id="21-cache-false-added",
    ),
    pytest.param(
        both(edit("dvc.yaml", CMD_A, "    frozen: true\n" + CMD_A), write("d1", "new\n")),
        "",
        "",
        id="22-frozen-and-dep-changed",
    ),
    pytest.param(
        edit("dvc.yaml", CMD_A, "    always_changed: true\n" + CMD_A),
        "a",
        "a",
        id="23-always-changed",
    ),
    pytest.param(
        lambda project: (project.root / "d1").chmod(0o755), "", "", id="24-dep-made-executable"
    ),
    pytest.param(
        both(write("d1", "one\n"), write("d2", "two\nthree\n")), "a", "a", id="28-early-cut-off"
    ),
]


@pytest.mark.parametrize(("change", "ran", "executed"), ROWS)
def test_row(
    make_engine: Callable[[dict[str, str]], Engine],
    change: Callable[[Project], None],
    ran: str | tuple[str, ...],
    executed: str,
) -> None:
    engine = make_engine(FILES)
    first = engine.run()
    assert first.fine, first.text
    assert first.executed == ("a", "b")

    change(engine.project)
    second = engine.run()

    assert second.fine, second.text
    assert second.executed == tuple(executed)
    assert second.ran == tuple(ran)


def test_row_13_tracked_param_missing_is_an_error(
    make_engine: Callable[[dict[str, str]], Engine],
) -> None:
    engine = make_engine(FILES)
    assert engine.run().fine

    engine.project.replace("params.yaml", "n: 1\n", "")
    second = engine.run()

    assert not second.fine
    assert second.executed == ()
    assert "n" in second.text
    assert "params.yaml" in second.text


def test_row_25_deleted_dep_is_an_error(make_engine: Callable[[dict[str, str]], Engine]) -> None:
    engine = make_engine(FILES)
    assert engine.run().fine

    (engine.project.root / "d1").unlink()
    second = engine.run()

    assert not second.fine
    assert second.executed == ()
    assert "d1" in second.text


def test_row_27_force_runs_everything(make_engine: Callable[[dict[str, str]], Engine]) -> None:
    engine = make_engine(FILES)
    assert engine.run().fine

    second = engine.run(force=True)

    assert second.fine, second.text
    assert second.executed == ("a", "b")


def test_row_29_force_downstream_runs_what_follows(
    make_engine: Callable[[dict[str, str]], Engine],
) -> None:
    engine = make_engine(FILES)
    assert engine.run().fine

    engine.project.write("d1", "one\n")
    engine.project.write("d2", "two\nthree\n")
    second = engine.run(force_downstream=True)

    assert second.fine, second.text
    assert second.executed == ("a", "b")


def test_row_32_each_command_line_has_a_shell_of_its_own(
    make_engine: Callable[[dict[str, str]], Engine],
) -> None:
    lines = "    cmd:\n    - mkdir -p sub && cd sub\n    - pwd > o1\n    - echo a >> ran.log\n"
    engine = make_engine({**FILES, "dvc.yaml": DVC_YAML.replace(CMD_A, lines)})

    first = engine.run()

    assert first.fine, first.text
    assert engine.project.read("o1").strip() == str(engine.project.root)


def test_row_33_the_first_failing_line_stops_the_stage(
    make_engine: Callable[[dict[str, str]], Engine],
) -> None:
    lines = "    cmd:\n    - echo half > o1\n    - exit 3\n    - echo a >> ran.log\n"
    engine = make_engine({**FILES, "dvc.yaml": DVC_YAML.replace(CMD_A, lines)})

    first = engine.run()

    assert not first.fine
    assert first.executed == ()
    assert "  a:" not in engine.project.read("dvc.lock")
    assert engine.project.read("o1") == "half\n"


METRICS = """\
stages:
  a:
    cmd: 'echo "{\\"auc\\": 0.9}" > o1 && echo a >> ran.log'
    deps:
    - d1
    metrics:
    - o1:
        cache: false
"""


def test_row_34_uncached_metrics_come_back_from_the_run_cache(
    make_engine: Callable[[dict[str, str]], Engine],
) -> None:
    engine = make_engine({**FILES, "dvc.yaml": METRICS})
    assert engine.run().executed == ("a",)

    (engine.project.root / "o1").unlink()
    (engine.project.root / "dvc.lock").unlink()
    second = engine.run()

    assert second.fine, second.text
    assert second.executed == ()
    assert "0.9" in engine.project.read("o1")


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param("    deps: [d1]\n    outs: [{o1: {persist: true}}]\n", id="persist"),
        pytest.param("    outs: [o1]\n", id="no-deps"),
    ],
)
def test_row_35_some_stages_never_enter_dvcs_run_cache(
    make_engine: Callable[[dict[str, str]], Engine], stage: str
) -> None:
    text = "stages:\n  a:\n    cmd: cat d1 > o1 && echo a >> ran.log\n" + stage
    engine = make_engine({**FILES, "dvc.yaml": text})

    first = engine.run()

    assert first.fine, first.text
    runs = [engine.project.root / ".dvc/cache/runs", engine.project.root / ".branchline/store/runs"]
    assert [path for folder in runs if folder.exists() for path in folder.rglob("*")] == []


def test_row_04_plan_says_that_the_definition_was_narrowed(ours: Project) -> None:
    ours.replace("dvc.yaml", "    - d2\n", "")

    entry = ours.plan()["a"]

    assert entry["action"] in ("skip", "reuse")
    assert "narrower" in str(entry)


def test_row_26_a_deleted_git_file_is_an_error_data_in_the_store_are_not(
    make_project: Callable[[dict[str, str]], Project],
) -> None:
    text = "kept in the store\n"
    md5 = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    pointer = f"outs:\n- md5: {md5}\n  size: {len(text)}\n  hash: md5\n  path: data\n"
    with_data = DVC_YAML.replace("cat d1 d2", "cat d1 data").replace("- d2", "- data")
    ignored = "ran.log\n/data\n"
    project = make_project(
        {
            **FILES,
            "dvc.yaml": with_data,
            "data.dvc": pointer,
            ".dvc/config": "",
            ".gitignore": ignored,
        }
    )
    project.write("data", text)
    project.write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", text)
    assert project.branchline("run").code == 0
    project.executed()

    (project.root / "data").unlink()
    absent = project.branchline("run")
    pending = project.pending()
    (project.root / "d1").unlink()
    deleted = project.branchline("run")

    assert absent.code == 0, absent.text
    assert pending == {}
    assert deleted.code == 1, deleted.text
    assert "d1" in deleted.text
    assert project.executed() == []


# On its first run the stage edits its own input after it has read it.
LATE = DVC_YAML.replace("o1 && echo", "o1 && cat once >> d1 && truncate -s 0 once && echo")

PYTHON_STAGE = """\
stages:
  a:
    cmd: python3 make.py && echo a >> ran.log
    deps:
    - make.py
    outs:
    - o1
"""
MAKE_PY = "# first\nwith open('o1', 'w') as stream:\n    stream.write('7')\n"


def test_row_30_a_comment_in_code_runs_nothing(
    make_project: Callable[[dict[str, str]], Project],
) -> None:
    project = make_project({**FILES, "dvc.yaml": PYTHON_STAGE, "make.py": MAKE_PY})
    assert project.branchline("run").code == 0
    assert project.executed() == ["a"]

    project.replace("make.py", "# first", "# second")
    plan = project.plan()["a"]
    done = project.branchline("run")

    assert done.code == 0, done.text
    assert project.executed() == []
    assert plan["action"] in ("skip", "reuse")
    assert "comment" in str(plan)
    assert "make.py" in str(plan)


def test_row_31_an_input_edited_while_the_stage_runs_makes_it_dirty(
    make_project: Callable[[dict[str, str]], Project],
) -> None:
    project = make_project({**FILES, "dvc.yaml": LATE, "once": "late\n"})

    project.branchline("run")
    first = project.executed()
    pending = project.pending()
    stale = project.read("o1")
    again = project.branchline("run")

    assert "a" in first
    assert "late" not in stale
    assert pending["a"] == "run"
    assert again.code == 0, again.text
    assert "a" in project.executed()
    assert "late" in project.read("o1")
    assert project.pending() == {}


def test_row_31_the_run_cache_is_not_poisoned(
    make_project: Callable[[dict[str, str]], Project],
) -> None:
    project = make_project({**FILES, "dvc.yaml": LATE, "once": "late\n"})
    project.branchline("run")
    project.executed()

    (project.root / "dvc.lock").unlink(missing_ok=True)
    project.branchline("run")

    assert "a" in project.executed()
    assert "late" in project.read("o1")
