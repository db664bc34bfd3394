"""The project's own workflows and its action, held to the rules of the ones that it writes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from tests.rig.judges import Judge

ROOT = Path(__file__).parents[2]
FOLDER = ".github/workflows"
WORKFLOWS = sorted((ROOT / FOLDER).glob("*.yml"))
JUDGED = [f"{FOLDER}/{path.name}" for path in WORKFLOWS] + ["action.yml", ".github/dependabot.yml"]
PINNED = re.compile(r"actions/[a-z-]+@[0-9a-f]{40}|\$/")
REQUIREMENTS = ROOT / ".github/requirements"


def load(path: str | Path) -> dict[Any, Any]:
    return dict(yaml.safe_load((ROOT / path).read_text()))


def steps() -> list[dict[str, Any]]:
    found = [
        step for path in WORKFLOWS for job in load(path)["jobs"].values() for step in job["steps"]
    ]
    return [*found, *load("action.yml")["runs"]["steps"]]


def test_the_judges_find_nothing(judge: Judge) -> None:
    assert judge({path: (ROOT / path).read_text() for path in JUDGED}) == []


def test_scripts_are_sound(judge: Judge) -> None:
    scripts = [ROOT / ".ci/quick", ROOT / ".ci/package", REQUIREMENTS / "lock"]
    folder = judge.scratch / "own"
    folder.mkdir()
    for script in scripts:
        assert script.stat().st_mode & 0o111, script
        (folder / f"{script.name}.sh").write_text(script.read_text())

    assert judge(folder) == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_allowed_that_a_job_does_not_ask_for(path: Path) -> None:
    workflow = load(path)

    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90, name
        allowed = {("contents", "read"), ("id-token", "write")}
        if path.name == "pages.yml" and name == "publish":
            allowed.add(("pages", "write"))
        assert set(job["permissions"].items()) <= allowed
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
    assert "secrets." not in path.read_text()


def test_only_githubs_own_actions_are_used_each_at_a_commit() -> None:
    for step in steps():
        assert PINNED.fullmatch(step.get("uses", "$/")), step


def test_nothing_is_put_into_a_script() -> None:
    for step in steps():
        assert "${{" not in step.get("run", ""), step


def test_every_python_that_is_promised_is_tested_and_both_ends_of_the_dependencies() -> None:
    matrix = load(f"{FOLDER}/ci.yml")["jobs"]["versions"]["strategy"]["matrix"]

    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"], "texts: 3.10 would be 3.1"
    assert {leg["dependencies"] for leg in matrix["include"]} == {"lowest", "newest"}
    classifiers = (ROOT / "pyproject.toml").read_text()
    for version in matrix["python"]:
        assert f"Programming Language :: Python :: {version}" in classifiers


def test_the_required_check_looks_at_every_job_and_always_runs() -> None:
    jobs = load(f"{FOLDER}/ci.yml")["jobs"]
    gate = jobs.pop("gate")

    assert gate["if"] == "always()"
    assert set(gate["needs"]) == set(jobs)
    script = gate["steps"][0]["run"]
    for results, code in (("success success", 0), ("success skipped", 1), ("failure success", 1)):
        done = subprocess.run(
            ["bash", "-c", script], env={"RESULTS": results}, capture_output=True, check=False
        )
        assert done.returncode == code, results


def test_publishing_runs_nothing_of_the_repository() -> None:
    jobs = load(f"{FOLDER}/release.yml")["jobs"]

    assert "id-token" not in jobs["build"]["permissions"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["environment"]["name"] == "release"
    assert not any("checkout" in step.get("uses", "") for step in jobs["publish"]["steps"])


def test_the_site_is_published_from_main_by_a_job_that_runs_nothing_of_the_repository() -> None:
    workflow = load(f"{FOLDER}/pages.yml")
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]

    # YAML 1.1 reads the key `on` as a truth.
    assert workflow[True]["push"] == {"branches": ["main"]}
    assert build["permissions"] == {"contents": "read"}
    assert publish["if"] == "github.event_name == 'push'"
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert [step["uses"].partition("@")[0] for step in publish["steps"]] == ["actions/deploy-pages"]
    assert not any("run" in step for step in publish["steps"])
    kept = next(step["with"] for step in build["steps"] if "upload" in step.get("uses", ""))
    assert kept["name"] == "github-pages", "what deploy-pages looks for"
    assert kept["path"].endswith("/artifact.tar"), "the one file that Pages reads"


def test_the_action_installs_what_pyproject_asks_for() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [line for line in (REQUIREMENTS / "action.in").read_text().split("\n") if line]
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    assert sorted(line for line in asked if not line.startswith("#")) == sorted(wanted)


@pytest.mark.parametrize("path", sorted(REQUIREMENTS.glob("*.txt")), ids=lambda path: path.name)
def test_every_file_that_is_installed_has_a_digest_and_the_pinned_version(path: Path) -> None:
    text = path.read_text()
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE))
    constraints = (ROOT / "constraints.txt").read_text()
    pinned = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", constraints, re.MULTILINE))

    assert text.count("--hash=sha256:") >= len(pins) > 0
    shared = {name.lower() for name in pins} & {name.lower() for name in pinned}
    lower = {name.lower(): version for name, version in pinned.items()}
    assert {name: pins[name] for name in pins if name.lower() in shared} == {
        name: lower[name.lower()] for name in pins if name.lower() in shared
    }
    for block in re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block.partition("\n")[0]


def test_the_action_runs_the_words_that_it_is_given_and_no_shell_sees_them(tmp_path: Path) -> None:
    program = os.path.join(os.path.dirname(sys.executable), "branchline")

    def run(command: str) -> subprocess.CompletedProcess[str]:
        script = load("action.yml")["runs"]["steps"][-1]["run"]
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            env={**os.environ, "PROGRAM": program, "COMMAND": command},
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip

    # A module of the checkout, which a stranger wrote, is not Python's own.
    (tmp_path / "shlex.py").write_text("raise SystemExit('read')")
    version, hostile = run("--version"), run(f"'$(touch {tmp_path}/pwned)' ; id")

    assert version.stdout.startswith("branchline ")
    assert hostile.returncode == 2
    assert "$(touch" in hostile.stderr
    assert not (tmp_path / "pwned").exists()


def test_the_action_hands_on_all_that_the_plan_says() -> None:
    from branchline.core.plan.asked import outputs_of

    said = {
        name: f"${{{{ steps.run.outputs.{name} }}}}" for name in outputs_of((), reason="because")
    }

    outputs = load("action.yml")["outputs"]
    assert {name: output["value"] for name, output in outputs.items()} == said
