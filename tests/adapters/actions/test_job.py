"""What goes to the runner, read back as the runner reads it."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.adapters.actions import ActionsJob
from branchline.adapters.actions.folder import LocalResultsFolder
from branchline.adapters.actions.job import MOST_SUMMARY_BYTES
from branchline.errors import CiError
from branchline.ports.ci import Note, NoteLevel
from branchline.testing.ci import PUSHED, CiJobContract, ResultsFolderContract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from branchline.ports.ci import ResultsFolder
    from branchline.testing.ci import Woken

HOSTILE = (
    "x\nshould-train=true",
    "x\r\nshould-train<<E\ntrue\nE",
    "branchline-" + "0" * 40 + "\nshould-train=true",
    "train/$(touch${IFS}pwn)",
    "${{ github.token }}",
    "::set-output name=should-train::true",
    "##[set-output name=should-train]true",
    "`id`; echo \"x'",
    "a\udc80b",
)


def outputs_of(text: str) -> dict[str, str]:
    """Outputs as the runner reads its file: `name=value`, or lines up to a delimiter."""
    found, lines = {}, iter(re.split(r"\r?\n", text))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            found[line[:equals]] = line[equals + 1 :]
            continue
        name, _, delimiter = line.partition("<<")
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def job_of(folder: Path, **more: str) -> tuple[ActionsJob, io.StringIO]:
    out = io.StringIO()
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
    }
    return ActionsJob(environ | more, out), out


@dataclass
class OnRunner:
    """A job, and what its runner reads of it."""

    folder: Path
    job: ActionsJob
    out: io.StringIO

    def outputs(self) -> Mapping[str, str]:
        path = self.folder / "output"
        return outputs_of(path.read_bytes().decode()) if path.exists() else {}

    def summary(self) -> str:
        return (self.folder / "summary").read_text()

    def annotations(self) -> Sequence[str]:
        shown = re.findall(r"^::(?:error|warning|notice)[^:]*::(.*)$", self.out.getvalue(), re.M)
        return [str(text) for text in shown]


class TestActionsJob(CiJobContract):
    @pytest.fixture
    def woken(self, tmp_path: Path) -> Woken:
        payload = {
            "ref": PUSHED.ref, "after": PUSHED.head, "before": "0" * 40, "deleted": False,
            "repository": {"full_name": "o/r", "default_branch": "main"},
            "sender": {"login": "ada"},
        }  # fmt: skip
        (tmp_path / "event.json").write_text(json.dumps(payload))
        job, out = job_of(
            tmp_path, GITHUB_EVENT_NAME="push", GITHUB_SHA=PUSHED.head, GITHUB_REF=PUSHED.ref,
            GITHUB_EVENT_PATH=str(tmp_path / "event.json"),
        )  # fmt: skip
        return OnRunner(tmp_path, job, out)


class TestLocalResultsFolder(ResultsFolderContract):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> ResultsFolder:
        return LocalResultsFolder(str(tmp_path / "results"))


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_sets_another_output(tmp_path: Path, value: str) -> None:
    job, _ = job_of(tmp_path)

    assert job.write_outputs({"should-train": "false", "reason": value, "kind": "nothing"})

    found = outputs_of((tmp_path / "output").read_bytes().decode())
    assert found.keys() == {"should-train", "reason", "kind"}
    assert (found["should-train"], found["kind"]) == ("false", "nothing")
    assert found["reason"] == value.replace("\r\n", "\n").replace("\udc80", "?")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80))
def test_whatever_a_value_holds_it_is_one_output(tmp_path: Path, value: str) -> None:
    (tmp_path / "output").unlink(missing_ok=True)
    job, _ = job_of(tmp_path)

    job.write_outputs({"reason": value})

    assert outputs_of((tmp_path / "output").read_bytes().decode()).keys() == {"reason"}


def test_delimiters_differ_from_value_to_value(tmp_path: Path) -> None:
    job, _ = job_of(tmp_path)

    job.write_outputs({"a": "1", "b": "2"})

    words = re.findall(r"<<(\S+)", (tmp_path / "output").read_text())
    assert len(set(words)) == 2


@pytest.mark.parametrize("name", ["a=b", "a<<b", "a\nb", "", "1a"])
def test_what_cannot_name_an_output_is_refused(tmp_path: Path, name: str) -> None:
    job, _ = job_of(tmp_path)

    with pytest.raises(CiError, match="cannot name an output"):
        job.write_outputs({name: "x"})


def test_outputs_that_github_would_drop_are_refused(tmp_path: Path) -> None:
    job, _ = job_of(tmp_path)

    with pytest.raises(CiError, match="a job may have 500,000"):
        job.write_outputs({"matrix": "x" * 600_000})


def test_a_summary_is_cut_at_a_line_to_what_a_step_may_have(tmp_path: Path) -> None:
    job, _ = job_of(tmp_path)

    job.write_summary("é line\n" * 100_000)
    job.write_summary("more\n" * 100_000)

    data = (tmp_path / "summary").read_bytes()
    assert len(data) < MOST_SUMMARY_BYTES
    assert data.decode().count("does not fit into a summary") == 1
    job.write_summary("x" * 100)
    assert len((tmp_path / "summary").read_bytes()) < MOST_SUMMARY_BYTES


def test_annotations_are_escaped_and_ten_the_loudest_first(tmp_path: Path) -> None:
    job, out = job_of(tmp_path)
    notes = [
        Note(level=NoteLevel.NOTICE, text=f"notice {number}", file="a.py", line=number)
        for number in range(1, 20)
    ]
    hostile = Note(
        level=NoteLevel.ERROR,
        text="100 %\n::error::x",
        file="a,line=9::b.py",
        line=3,
        title="a:b\n::stop",
    )

    job.annotate([*notes, hostile])

    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0] == (
        "::error title=a%3Ab %3A%3Astop,file=a%2Cline=9%3A%3Ab.py,line=3::100 %25 ::error::x"
    )


def test_what_is_printed_meanwhile_is_no_command(tmp_path: Path) -> None:
    job, out = job_of(tmp_path)

    job.quiet()
    out.write("##[set-output name=should-train]true\n")
    job.loud()
    job.annotate([Note(level=NoteLevel.WARNING, text="x")])

    first, _, last, note = out.getvalue().splitlines()
    word = first.removeprefix("::stop-commands::")
    assert len(word) > 40
    assert (last, note) == (f"::{word}::", "::warning::x")


def test_outside_of_actions_nothing_is_printed(tmp_path: Path) -> None:
    out = io.StringIO()
    job = ActionsJob({}, out)

    job.quiet()
    job.annotate([Note(level=NoteLevel.ERROR, text="x")])
    job.loud()

    assert out.getvalue() == ""
    assert not job.write_outputs({"a": "b"})
    assert not job.write_summary("x")
    with pytest.raises(CiError, match="no job of GitHub Actions"):
        job.event()


@pytest.mark.parametrize("content", [b"{", b"[]", b'"x"', b"[" * 100_000, b"\xff"])
def test_an_event_that_is_none_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(content)
    job, _ = job_of(tmp_path, GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH=str(path))

    with pytest.raises(CiError, match=r"is no JSON"):
        job.event()


def test_an_address_is_made_of_sound_parts_only(tmp_path: Path) -> None:
    sound = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "5"}

    assert job_of(tmp_path, **sound, GITHUB_REPOSITORY="o/r")[0].url.endswith("/o/r/actions/runs/5")
    assert job_of(tmp_path, **sound, GITHUB_REPOSITORY="o/r)x(")[0].url == ""


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    folder = LocalResultsFolder(str(tmp_path / "results"))

    folder.write("results.json", json.dumps({"a": 1}).encode())

    assert folder.read("results.json", most_bytes=100) == b'{"a": 1}'
    assert folder.checked("results.json", most_bytes=100) == f"{folder.path}/results.json"
    assert folder.read("other", most_bytes=100) is None
    assert folder.checked("other", most_bytes=100) == ""


def test_what_a_stranger_left_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = LocalResultsFolder(str(tmp_path))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()
    (tmp_path / "large").write_bytes(b"x" * 101)

    for name in ("pipe", "link", "folder", "large"):
        with pytest.raises(CiError):
            folder.read(name, most_bytes=100)
        with pytest.raises(CiError):
            folder.checked(name, most_bytes=100)


def test_a_summary_that_cannot_be_written_costs_only_a_warning(tmp_path: Path) -> None:
    (tmp_path / "summary").mkdir()
    out = io.StringIO()
    job = ActionsJob(
        {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}, out
    )

    assert not job.write_summary("x")
    job.annotate([])

    assert out.getvalue().startswith("::warning::no summary: GITHUB_STEP_SUMMARY names")
