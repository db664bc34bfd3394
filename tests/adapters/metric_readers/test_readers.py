"""Which reader reads what, and the door for readers of other packages."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from branchline.adapters.metric_readers import BUILT_IN, FileReaders
from branchline.errors import UnknownNameError
from branchline.ports.metric_readers import GROUP
from branchline.wiring.readers import metric_readers

ROOT = Path(__file__).parents[3]
PLUGIN = """
from branchline.core.evidence.found import Fit, Found
from branchline.ports.metric_readers import MetricReader


class Marked(MetricReader):
    name = "marked"
    reads = "files that begin with MARK"
    rule = "The number after it."

    def fits(self, source, head):
        return Fit.CERTAIN if head.startswith(b"MARK") else Fit.NO

    def read(self, source):
        number = b"".join(source.chunks()).split()[1].decode()
        return [Found(name="mark", value=float(number), text=number, place="line 1")]
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a reader, and one whose reader cannot be imported, on Python's path."""
    (tmp_path / "marked_metrics.py").write_text(PLUGIN)
    info = tmp_path / "marked_metrics-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: marked-metrics\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\nmarked = marked_metrics:Marked\nbroken = marked_metrics:Nothing\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "marked_metrics", raising=False)
    return tmp_path


def test_the_table_says_what_pyproject_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]

    assert declared[GROUP] == {name: entry.target for name, entry in BUILT_IN.items()}


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_reader_says_what_it_reads(name: str) -> None:
    reader = FileReaders(dict).reader(name)

    assert reader.name == name
    assert reader.reads
    assert not reader.reads.endswith(".")
    assert reader.rule.endswith(".")


@pytest.mark.usefixtures("installed")
def test_a_reader_of_another_package_comes_through_the_same_door() -> None:
    readers = metric_readers()

    reading = readers.read(readers.held("result.any", b"MARK 0.25"))

    assert [(m.name, m.value, m.where) for m in reading.metrics] == [("mark", 0.25, "result.any:1")]
    assert reading.reader == "marked"
    assert "marked" in readers.names()


def test_the_reader_in_the_how_to_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/how-to/metrics-from-anywhere.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    entry = page.partition('```toml\n[project.entry-points."')[2].partition('"]\n')[2]
    (tmp_path / "our_readers.py").write_text(code)
    info = tmp_path / "ours-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1\n")
    declared = entry.partition("```")[0].replace('"', "")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{declared}")
    monkeypatch.syspath_prepend(str(tmp_path))
    readers = metric_readers()
    text = b"=== Summary ===\nCorrectly Classified Instances    144    96 %\n"

    (metric,) = readers.read(readers.held("result.weka", text)).metrics

    assert (metric.name, metric.value, metric.unit, metric.where) == (
        "accuracy", 96, "%", "result.weka:2",
    )  # fmt: skip


@pytest.mark.usefixtures("installed")
def test_a_reader_that_cannot_be_loaded_is_said() -> None:
    readers = metric_readers()

    reading = readers.read(readers.held("m.any", b"x"), reader="broken")

    assert "the metric reader `broken` cannot be loaded: AttributeError" in reading.problem


def test_a_reader_that_is_not_there_names_the_nearest() -> None:
    readers = FileReaders(dict)

    with pytest.raises(UnknownNameError, match="no metric reader `jsn`") as caught:
        readers.read(readers.held("m.any", b"x"), reader="jsn")
    assert caught.value.todo == "Did you mean `json`?"


def test_a_file_on_disk_a_folder_and_nothing(tmp_path: Path) -> None:
    readers = FileReaders(dict)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.json").write_text('{"a": 1}')

    file, folder = readers.at(str(tmp_path), "sub/m.json"), readers.at(str(tmp_path), "sub")

    assert file is not None
    assert readers.read(file).metrics[0].where == "sub/m.json:1"
    assert folder is not None
    assert [member.path for member in folder.members()] == ["sub/m.json"]
    assert readers.at(str(tmp_path), "none") is None


def test_a_pipe_holds_nobody_up(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "m.json")

    assert FileReaders(dict).at(str(tmp_path), "m.json") is None
