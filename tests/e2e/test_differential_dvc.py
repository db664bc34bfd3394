"""Branchline and real DVC on the same random projects, side by side through the same edits.

Each seed is one small project: shell stages over files, folders, parameters, `foreach` and `matrix`
groups, diamonds. Two copies go through the same edits, one reproduced by DVC, one run by us. After
each step: the same commands were executed, dvc.lock is byte-equal, `dvc status` is clean after ours
and our plan is empty after DVC's. At the end each restores from the other's run cache.

`BRANCHLINE_DIFFERENTIAL` says how many projects.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Dvc, Project

pytestmark = [pytest.mark.peers, pytest.mark.slow]

SEEDS = range(int(os.environ.get("BRANCHLINE_DIFFERENTIAL", "15")))
EDITS = 3
PARAM_VALUES = ["1", "2", "0.5", "1e-3", "yes", "word", "[1, 2]", "null", "-7", "010", "{a: 1}"]


@dataclass
class Drawn:
    """One stage as drawn; `render` gives its YAML."""

    name: str
    deps: list[str]
    params: list[str]
    out: str
    shape: str  # file, folder, metric, lines, list, persist, wdir, foreach or matrix
    note: str = ""
    flags: list[str] = field(default_factory=list)

    def render(self) -> str:
        """The stage in dvc.yaml."""
        lines = [f"  {self.name}:"]
        indent = "    "
        if self.shape == "foreach":
            lines += ["    foreach: [red, blue]", "    do:"]
            indent = "      "
        if self.shape == "matrix":
            lines += ["    matrix: {size: [1, 2], tone: [dark]}"]
        if self.shape == "wdir":
            lines += ["    wdir: w"]
        body = [f"cmd: {self._command()}"]
        if self.deps:
            body += ["deps:", *(f"- {self._up}{dep}" for dep in self.deps)]
        if self.params and self._up:
            body += ["params:", f"- ../params.yaml: [{', '.join(self.params)}]"]
        elif self.params:
            body += ["params:", *(f"- {key}" for key in self.params)]
        body += self.flags
        kind = "metrics" if self.shape == "metric" else "outs"
        flag = {"metric": "cache: false", "persist": "persist: true"}.get(self.shape)
        out = f"{self._out()}:\n{indent}    {flag}" if flag else self._out()
        body += [f"{kind}:", f"- {out}"]
        return "\n".join(lines + [indent + line for line in body]) + "\n"

    @property
    def made(self) -> str:
        """Path of the output that later stages may read."""
        suffix = {"foreach": "-red", "matrix": "-2dark"}.get(self.shape, "")
        return ("w/" if self.shape == "wdir" else "") + self.out + suffix

    @property
    def _up(self) -> str:
        return "../" if self.shape == "wdir" else ""

    def _suffix(self) -> str:
        return {"foreach": "-${item}", "matrix": "-${item.size}${item.tone}"}.get(self.shape, "")

    def _out(self) -> str:
        return self.out + self._suffix()

    def _command(self) -> str:
        out, log = self._out(), f"echo {self.out}{self._suffix()} >> {self._up}ran.log"
        inputs = " ".join(self._up + dep for dep in self.deps)
        read = f"find {inputs} -type f | LC_ALL=C sort | xargs cat"
        keys = "".join(f" && grep ^{key}: {self._up}params.yaml >> {{0}}" for key in self.params)
        if self.shape == "folder":
            made = f"mkdir -p {out}/deep && {read} > {out}/all && echo {self.note} > {out}/deep/x"
            return f"'{made}{keys.format(out + '/all')} && {log}'"
        if self.shape == "metric":
            count = f'echo "{{\\"{self.note}\\": $({read} | wc -c)}}"'
            return f"'{count} > {out} && {log}'"
        if self.shape == "list":
            second = f"echo {self.note} >> {out}{keys.format(out)} && {log}"
            return f"\n    - {read} > {out}\n    - '{second}'"
        if self.shape == "lines":  # edits that keep the number of lines are cut off here
            return (
                f"'{read} | wc -l > {out} && echo {self.note} >> {out}{keys.format(out)} && {log}'"
            )
        return f"'{read} > {out} && echo {self.note} >> {out}{keys.format(out)} && {log}'"


class RandomProject:
    """Draws a project and edits of it; the same seed gives the same text."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.params = {f"p{i}": self.dice.choice(PARAM_VALUES) for i in range(4)}
        self.sources = {f"s{i}.txt": self._text() for i in range(3)}
        self.folder = {f"data/f{i}": self._text() for i in range(3)}
        self.stages: list[Drawn] = []
        available = [*self.sources, "data", "data/f0"]
        for number in range(self.dice.randint(2, 6)):
            stage = self._draw(number, available)
            self.stages.append(stage)
            available.append(stage.made)
            if stage.shape == "folder":
                available.append(stage.out + "/all")

    def _text(self) -> str:
        return "".join(f"{self.dice.randint(0, 99)}\n" for _ in range(self.dice.randint(1, 4)))

    def _draw(self, number: int, available: list[str]) -> Drawn:
        deps = self.dice.sample(available, self.dice.randint(1, min(3, len(available))))
        deps = [d for d in deps if not any(d.startswith(other + "/") for other in deps)]
        shapes = ["file", "file", "folder", "lines", "metric", "list", "persist", "wdir"]
        shape = self.dice.choice([*shapes, "foreach", "matrix"])
        keys = self.dice.sample(sorted(self.params), self.dice.randint(0, 2))
        params = [] if shape == "metric" else keys
        return Drawn(f"stage{number}", deps, params, f"o{number}", shape, note=f"n{number}")

    def files(self) -> dict[str, str]:
        """Every file as it stands now."""
        return {
            "dvc.yaml": "stages:\n" + "".join(stage.render() for stage in self.stages),
            "params.yaml": "".join(f"{key}: {value}\n" for key, value in self.params.items()),
            "w/keep": "",
            ".gitignore": "ran.log\n.branchline/\n",
            **self.sources,
            **self.folder,
        }

    def edit(self) -> str:
        """Change one thing; says which."""
        kinds = ["source", "source", "folder", "new file", "gone file", "param", "param", "order"]
        kinds += ["cmd", "drop dep", "rename", "swap stages", "nothing", "always", "frozen"]
        kind = self.dice.choice(kinds)
        stage = self.dice.choice(self.stages)
        if kind == "source":
            self.sources[self.dice.choice(sorted(self.sources))] = self._text()
        elif kind == "folder":
            self.folder[self.dice.choice(sorted(self.folder))] = self._text()
        elif kind == "new file":
            self.folder[f"data/sub/g{self.dice.randint(0, 9)}"] = self._text()
        elif kind == "gone file":
            last = sorted(self.folder)[-1]
            if last != "data/f0":
                del self.folder[last]
        elif kind == "param":
            self.params[self.dice.choice(sorted(self.params))] = self.dice.choice(PARAM_VALUES)
        else:
            self._edit_definition(kind, stage)
        return f"{kind} {stage.name}"

    def _edit_definition(self, kind: str, stage: Drawn) -> None:
        if kind == "order":
            stage.deps.reverse()
        elif kind == "cmd":
            stage.note += "x"
        elif kind == "drop dep" and len(stage.deps) > 1:
            stage.deps.pop()
        elif kind == "rename" and stage.shape != "persist":
            # What persists never enters DVC's run cache, so a new name makes DVC run it again; we
            # know the result by its key and the output by its digest.
            stage.name += "r"
        elif kind == "swap stages":
            self.stages.reverse()
        elif kind == "always":
            stage.flags = [] if stage.flags else ["always_changed: true"]
        elif kind == "frozen":
            stage.flags = [] if stage.flags else ["frozen: true"]


def put(project: Project, files: dict[str, str]) -> None:
    """Make the workspace hold these files; others that were put before go."""
    for old in sorted((project.root / "data").rglob("*")):
        if old.is_file() and str(old.relative_to(project.root)) not in files:
            old.unlink()
    for path, text in files.items():
        if project.read(path) != text:
            project.write(path, text)


def outs(project: Project) -> dict[str, str]:
    """Every output file with its text."""
    return {
        str(path.relative_to(project.root)): path.read_text(encoding="utf-8")
        for path in sorted(project.root.rglob("*"))
        if path.is_file() and str(path.relative_to(project.root)).startswith(("o", "w/o"))
    }


def forget(project: Project) -> None:
    """Delete the lock and every output: only caches know the results now."""
    (project.root / "dvc.lock").unlink()
    for path in [*project.root.glob("o[0-9]*"), *project.root.glob("w/o[0-9]*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, dvc: Dvc
) -> tuple[RandomProject, Project, Project]:
    """The drawn project, and two equal copies of it: ours and theirs."""
    from_files = request.getfixturevalue("make_project")
    drawn = RandomProject(request.param)
    ours: Project = from_files(drawn.files())
    assert dvc.call("init", ours.root)[0]
    ours.commit("dvc init")
    return drawn, ours, ours.copy(tmp_path / "theirs")


def step(ours: Project, theirs: Project, dvc: Dvc, jobs: int) -> list[str]:
    """Both engines run; what was executed must be the same."""
    expected = dvc.reproduce(theirs.root)
    done = ours.branchline("run", "--jobs", str(jobs))
    assert done.code == 0, done.text
    executed = sorted(theirs.executed())
    assert sorted(ours.executed()) == executed, (expected, done.text)
    return executed


@pytest.mark.parametrize("pair", SEEDS, indirect=True, ids=lambda seed: f"seed-{seed}")
def test_same_decisions_as_dvc(pair: tuple[RandomProject, Project, Project], dvc: Dvc) -> None:
    drawn, ours, theirs = pair
    for number in range(EDITS + 1):
        what = drawn.edit() if number else "first run"
        put(ours, drawn.files())
        put(theirs, drawn.files())

        step(ours, theirs, dvc, jobs=4 if number % 2 else 1)

        always = any("always_changed: true" in stage.flags for stage in drawn.stages)
        assert outs(ours) == outs(theirs), what
        assert ours.read("dvc.lock") == theirs.read("dvc.lock"), what
        if not always:
            assert dvc.status(ours.root) == {}, what
            assert theirs.pending() == {}, what


@pytest.mark.parametrize("pair", list(SEEDS)[::4], indirect=True, ids=lambda seed: f"seed-{seed}")
def test_each_restores_from_the_others_run_cache(
    pair: tuple[RandomProject, Project, Project], dvc: Dvc
) -> None:
    drawn, ours, theirs = pair
    step(ours, theirs, dvc, jobs=2)
    before = outs(theirs)
    shutil.rmtree(ours.root / ".branchline", ignore_errors=True)
    forget(ours)
    forget(theirs)

    done = theirs.branchline("run")
    by_dvc = dvc.reproduce(ours.root)

    assert done.code == 0, done.text
    assert by_dvc != []
    # Outputs that persist never enter the run cache: those stages run again, and only those.
    never = sorted(stage.out for stage in drawn.stages if stage.shape == "persist")
    assert sorted(ours.executed()) == never
    assert sorted(theirs.executed()) == never
    assert outs(ours) == outs(theirs) == before
    assert ours.read("dvc.lock") == theirs.read("dvc.lock")


@pytest.mark.parametrize("pair", list(SEEDS)[::4], indirect=True, ids=lambda seed: f"seed-{seed}")
def test_four_jobs_leave_the_lock_of_one(pair: tuple[RandomProject, Project, Project]) -> None:
    _, ours, other = pair

    one = ours.branchline("run", "--jobs", "1")
    four = other.branchline("run", "--jobs", "4")

    assert (one.code, four.code) == (0, 0), one.text + four.text
    assert ours.read("dvc.lock") == other.read("dvc.lock")
