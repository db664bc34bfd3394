"""What is forked says, does and ends as what is started."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from tests import ready_branchline

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """\
model: demo
stages:
  train:
    cmd: |-
      {command}
    deps: [a]
    metrics: [{{m.json: {{cache: false}}}}]
gate: {{metrics: {{auc: {{min: 0.5}}}}}}
"""
PRINTS = 'printf \'{"auc": %s}\' "$AUC" > m.json; echo $HOME $PWD > seen'


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    people = {
        f"GIT_{who}_{what}": f"{what}@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_COLOR": "1", **people}


def project(folder: Path, command: str) -> Path:
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    (folder / "branchline.yaml").write_text(SETTINGS.format(command=command))
    (folder / "a").touch()
    return folder


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--version"], id="an-answer-at-once"),
        pytest.param(["run", "--json"], id="a-verdict"),
        pytest.param(["plan"], id="a-plan"),
        pytest.param(["nonsense"], id="wrong-usage"),
        pytest.param(["show", "no-such-run"], id="an-error"),
    ],
)
def test_it_is_as_if_it_were_started(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    said = []
    for number, way in enumerate(("0", "1")):
        # The same path, so that the same is said.
        root = project(tmp_path / "project", PRINTS)
        monkeypatch.setenv("BRANCHLINE_REAL_STARTS", way)
        done = ready_branchline.call(words, cwd=root, env={**environ, "AUC": "0.3"})
        said.append((done.returncode, done.stdout.count("\n"), done.stderr[:60]))
        root.rename(tmp_path / f"was-{number}")

    assert said[0] == said[1]


def test_it_stands_where_it_is_put_with_the_variables_that_it_gets(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    root = project(tmp_path / "project", PRINTS)

    for auc, code in (("0.9", 0), ("0.2", 3)):
        done = ready_branchline.call(["run", "--force"], cwd=root, env={**environ, "AUC": auc})

        assert done.returncode == code, done.stdout + done.stderr
        assert (root / "seen").read_text().split() == [str(tmp_path), str(root)]


def test_several_at_a_time_get_their_own_answers(tmp_path: Path, environ: dict[str, str]) -> None:
    roots = [project(tmp_path / f"p{number}", PRINTS) for number in range(4)]
    codes: dict[int, int] = {}

    def call(number: int) -> None:
        variables = {**environ, "AUC": "0.9" if number % 2 else "0.1"}
        codes[number] = ready_branchline.call(["run"], cwd=roots[number], env=variables).returncode

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert codes == {0: 3, 1: 0, 2: 3, 3: 0}


def test_what_takes_too_long_is_killed(tmp_path: Path, environ: dict[str, str]) -> None:
    root = project(tmp_path / "project", "sleep 60")

    with pytest.raises(subprocess.TimeoutExpired):
        ready_branchline.call(["run"], cwd=root, env=environ, timeout=0.5)

    assert ready_branchline.call(["--version"], cwd=root, env=environ).returncode == 0


def test_what_is_killed_says_by_what(tmp_path: Path, environ: dict[str, str]) -> None:
    root = project(tmp_path / "project", "kill -9 $PPID")

    done = ready_branchline.call(["run"], cwd=root, env=environ)

    assert done.returncode in (-9, 1), done.stdout  # a shell may stand between the two


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LD_PRELOAD", "PYTHONPATH"])
def test_what_is_read_before_the_first_line_is_given_to_a_real_start(name: str) -> None:
    assert not ready_branchline._can_fork({name: "1"})
