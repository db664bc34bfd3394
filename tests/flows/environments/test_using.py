"""A made environment counts as its packages; stages run inside of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.core.plan.values import Action
from branchline.core.policy import Environment, MakeEnvironment
from branchline.errors import EnvironmentFailedError
from branchline.flows.environments.asking import question_of
from branchline.flows.lock_files import local_rows
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.reading import Reader
from branchline.testing.environments import FakeEnvironments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.core.plan.values import StagePlan
    from branchline.flows.environments.asking import Question

    Make = Callable[[Mapping[str, str]], Bench]

PIPELINE = {"dvc.yaml": "stages: {f: {cmd: f, outs: [o]}}\n"}
HASH = f"sha256:{'0' * 64}"
ALWAYS = Environment(make=MakeEnvironment.ALWAYS)


def made(
    make_bench: Make, files: Mapping[str, str], found: Mapping[str, str], **rules: str
) -> Bench:
    """A project whose environment is made, of what is found for its files."""
    bench = make_bench(PIPELINE | dict(files))
    bench.environments = FakeEnvironments(found=found, pythons=("3.11.7", "3.8.18", "3.9.18"))
    bench.allow(environment=replace(ALWAYS, **rules))  # type: ignore[arg-type] # fields by name
    bench.repo.at = replace(bench.repo.head(), committed_at="2021-05-03T10:00:00Z")
    bench.does["f"] = bench.writes("o", "made")
    return bench


def question(bench: Bench) -> Question:
    project = bench.project()
    return question_of(project, Reader(project.workspace, project.meanings, project.policy.changes))


def test_the_set_counts_and_the_file_does_not(make_bench: Make) -> None:
    bench = made(make_bench, {"requirements.txt": "numpy\n"}, {"requirements.txt": "numpy==1.20\n"})
    bench.run()

    assert set(bench.planner().inputs.surroundings.inputs()) == {"python", "packages"}
    bench.write("requirements.txt", "# another\nnumpy>=1\n")
    assert bench.actions() == {"f": "reuse"}
    bench.environments.found["requirements.txt"] = "numpy==1.21\n"
    assert bench.actions() == {"f": "run"}
    assert "numpy 1.21 instead of 1.20" in bench.of("f").reason


def test_another_lock_with_the_same_set_trains_nothing(make_bench: Make) -> None:
    pins = f"numpy==1.20 --hash={HASH}\n"
    bench = made(make_bench, {"requirements.txt": pins}, {"uv.lock": pins})
    bench.run()

    bench.write("uv.lock", "version = 1\n")

    assert bench.actions() == {"f": "reuse"}
    assert question(bench).file == "uv.lock"


def test_another_digest_is_another_set(make_bench: Make) -> None:
    bench = made(make_bench, {"requirements.txt": f"numpy==1.20 --hash={HASH}\n"}, {})
    bench.run()

    bench.write("requirements.txt", f"numpy==1.20 --hash=sha256:{'1' * 64}\n")

    assert bench.actions() == {"f": "run"}


def test_another_minor_version_of_python_trains(make_bench: Make) -> None:
    files = {"requirements.txt": "numpy\n", ".python-version": "3.8\n"}
    bench = made(make_bench, files, {"requirements.txt": "numpy==1.20\n"})
    bench.run()

    bench.write(".python-version", "3.9.2\n")

    assert bench.actions() == {"f": "run"}
    assert "Python 3.9 instead of 3.8" in bench.of("f").reason


def test_stages_run_inside_and_the_record_says_of_what(make_bench: Make) -> None:
    bench = made(make_bench, {"requirements.txt": "numpy\n"}, {"requirements.txt": "numpy==1.20\n"})

    outcome = bench.run()

    assert len(bench.environments.entries) == 1
    assert outcome.finished is not None
    versions = outcome.finished.evidence.versions
    assert (versions["python"], versions["packages"]) == ("3.8.18", "numpy==1.20")
    bench.environments.entries.clear()
    bench.run()
    assert bench.environments.entries == []  # nothing ran, so nothing was needed


def test_where_it_cannot_be_made_nothing_starts(make_bench: Make) -> None:
    bench = made(make_bench, {"requirements.txt": "numpy\n"}, {})

    with pytest.raises(EnvironmentFailedError):
        bench.run()

    assert bench.started == []


def test_without_a_file_it_is_said_what_to_do(make_bench: Make) -> None:
    with pytest.raises(EnvironmentFailedError, match="no file says"):
        made(make_bench, {}, {}).plan()


@pytest.mark.parametrize(
    ("rules", "as_of"),
    [
        pytest.param({}, "2021-05-03T23:59:59Z", id="the-day-of-the-commit"),
        pytest.param({"as_of": "none"}, "", id="the-newest"),
        pytest.param({"as_of": "2020-01-01"}, "2020-01-01T23:59:59Z", id="a-day"),
    ],
)
def test_as_of_when(make_bench: Make, rules: dict[str, str], as_of: str) -> None:
    bench = made(make_bench, {"requirements.txt": "numpy\n"}, {}, **rules)

    assert question(bench).asked.as_of == as_of


def test_edited_requirements_are_those_of_today(make_bench: Make) -> None:
    bench = made(make_bench, {"requirements.txt": "numpy\n"}, {})
    bench.files["requirements.txt"] = b"numpy\ntqdm\n"
    bench.repo.dirty = ["requirements.txt"]

    found = question(bench)

    assert found.as_of == "2026-01-01"
    assert "requirements.txt differs from the commit" in found.why_as_of


def test_an_interpreter_that_is_not_here_is_named_with_the_line_that_wants_it(
    make_bench: Make,
) -> None:
    bench = made(make_bench, {"requirements.txt": "x\n", "Dockerfile": "FROM python:3.6\n"}, {})

    with pytest.raises(EnvironmentFailedError, match=r"Python 3\.6 .* Dockerfile:1") as caught:
        question(bench)

    assert "uv python install 3.6" in (caught.value.todo or "")


def test_what_branchline_yaml_says_of_python_counts_first(make_bench: Make) -> None:
    bench = made(
        make_bench, {"requirements.txt": "x\n", "Dockerfile": "FROM python:3.6\n"}, {}, python="3.9"
    )

    assert question(bench).python.version == "3.9.18"


def test_a_requirement_with_a_password_is_refused_with_its_line(make_bench: Make) -> None:
    text = "numpy\nown @ https://ada:hunter2@example.org/own.whl\n"
    bench = made(make_bench, {"requirements.txt": text}, {})

    with pytest.raises(EnvironmentFailedError, match=r"requirements\.txt:2") as caught:
        question(bench)

    assert "hunter2" not in str(caught.value)


def constraints(bench: Bench, text: str) -> None:
    state = question(bench).state
    bench.write(
        "branchline-constraints.txt",
        f"# python 3.9.18\n# made of requirements.txt {state[:32]}\n# added tqdm: why\n\n{text}",
    )


def test_what_repair_found_is_the_answer_while_the_requirements_are_the_same(
    make_bench: Make,
) -> None:
    bench = made(make_bench, {"requirements.txt": "numpy\n"}, {})
    constraints(bench, f"numpy==1.19 --hash={HASH}\ntqdm==4.0 --hash={HASH}\n")
    bench.write("requirements.txt", "numpy  # a comment\n")

    found = question(bench)

    assert "numpy==1.19" in found.asked.complete
    assert found.python.version == "3.9.18"
    assert found.notes == ()


def test_after_a_change_of_the_requirements_it_bounds_what_is_found_and_says_so(
    make_bench: Make,
) -> None:
    bench = made(make_bench, {"requirements.txt": "numpy\n"}, {})
    constraints(bench, f"numpy==1.19 --hash={HASH}\ntqdm==4.0 --hash={HASH}\n")
    bench.write("requirements.txt", "numpy\npandas\n")

    found = question(bench)

    assert found.asked.complete == ""
    assert found.asked.constraints == ("numpy==1.19", "tqdm==4.0")
    assert found.asked.wishes == ("tqdm",)
    assert "env repair" in found.notes[0]


def test_constraints_count_as_files_where_stages_run_in_the_users_own(make_bench: Make) -> None:
    bench = make_bench(
        PIPELINE | {"requirements.txt": "numpy\n", "branchline-constraints.txt": "numpy==1\n"}
    )

    assert bench.planner().inputs.surroundings.lock_files() == (
        "requirements.txt",
        "branchline-constraints.txt",
    )


def test_a_plan_that_only_looks_says_that_it_does_not_know_and_a_run_settles_it(
    make_bench: Make,
) -> None:
    bench = made(make_bench, {"requirements.txt": "numpy\n"}, {"requirements.txt": "numpy==1.20\n"})
    bench.environments.needs_building["requirements.txt"] = "`numpy` has no built file"

    def looked() -> StagePlan:
        project = bench.project()
        project.only_looks = True
        (stage,) = Planner(project, PlanOptions()).plan().stages
        return stage

    before = looked()
    bench.run()
    after = looked()

    assert (before.action, before.key) == (Action.RUN, None)
    assert "not known before it runs: `numpy` has no built file" in before.reason
    assert after.action is Action.REUSE


def test_a_plan_that_only_looks_knows_a_complete_lock(make_bench: Make) -> None:
    bench = made(make_bench, {"requirements.txt": f"numpy==1.20 --hash={HASH}\n"}, {})
    bench.run()
    project = bench.project()
    project.only_looks = True

    (stage,) = Planner(project, PlanOptions()).plan().stages

    assert stage.action is Action.REUSE
    assert bench.environments.asked == []


def test_python_2_is_refused_with_the_line_that_asks_for_it(make_bench: Make) -> None:
    files = {"requirements.txt": "numpy\n", ".python-version": "2.7.18\n"}

    with pytest.raises(EnvironmentFailedError, match=r"2\.7 cannot be used.*\.python-version:1"):
        made(make_bench, files, {"requirements.txt": "numpy==1.16\n"}).plan()


def test_what_is_installed_from_the_repository_counts_by_its_sources(make_bench: Make) -> None:
    files = {
        "requirements.txt": "-e ./own\n",
        "own/own.py": "x = 1\n",
    }
    bench = made(make_bench, files, {})
    commit = bench.repo.at.commit or ""
    tracked = ("own/own.py", "o", "branchline.lock")
    new = ["own/new.py", "own/own.egg-info/top.py", "own/notes.txt"]
    for path in (*new, "wheels/a.whl", "hidden/b.c"):
        bench.write(path, "new\n")
    bench.repo.files = {(commit, path): b"" for path in tracked}
    bench.repo.dirty = new

    def counted(*local: str) -> list[str | None]:
        return [row[0] for row in local_rows(bench.project(), local)]

    assert counted("own") == ["own/new.py", "own/own.py"]
    assert counted("wheels/a.whl", "hidden") == ["hidden", "wheels/a.whl"]
    assert counted(".") == ["own/new.py", "own/own.py"]
    assert counted() == []
