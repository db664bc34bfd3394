from __future__ import annotations

import hashlib
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from branchline.errors import MissingExtraError, ModelTestError
from branchline.model_tests.context import Place
from branchline.model_tests.data import EvalData
from branchline.model_tests.loading import ModelFile
from branchline.model_tests.rows import Rows
from branchline.model_tests.saving import assert_save_load_equal

if TYPE_CHECKING:
    from pathlib import Path


def place_of(folder: Path, *paths: str, files: dict[str, str] | None = None) -> Place:
    found = (
        files
        if files is not None
        else {path: hashlib.md5((folder / path).read_bytes()).hexdigest() for path in paths}
    )
    return Place(folder=str(folder), paths=paths, files=found, said="run abc")  # fmt: skip


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('unpickled')",))


def test_a_file_that_no_run_made_is_never_unpickled(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"ours": 1}))
    place = place_of(tmp_path, "model.pkl")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Bomb()))

    with pytest.raises(ModelTestError, match="is not what run abc made"):
        ModelFile(place, str(tmp_path)).load()


def test_a_file_that_is_no_output_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(1))
    (tmp_path / "other.pkl").write_bytes(pickle.dumps(Bomb()))

    with pytest.raises(ModelTestError, match=r"`other\.pkl` is no output of run abc"):
        ModelFile(place_of(tmp_path, "model.pkl"), "").load_file("other.pkl")


def test_a_model_is_loaded_once_and_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.pickle").write_bytes(pickle.dumps({"a": 1}))
    digest = hashlib.md5((tmp_path / "m" / "model.pickle").read_bytes()).hexdigest()
    place = place_of(tmp_path, "m", files={"m/model.pickle": digest, "m/notes.txt": "0"})

    model = ModelFile(place, str(tmp_path))

    assert model.load() is model.load()
    assert model.load() == {"a": 1}
    assert model.__fspath__() == str(tmp_path / "m")


@pytest.mark.parametrize(
    ("place", "part"),
    [
        pytest.param(Place(problem="no stage leaves one"), "no stage leaves one", id="none"),
        pytest.param(
            Place(paths=("w.bin",), files={"w.bin": "0"}), "no file that Branchline can load",
            id="unknown-ending",
        ),
        pytest.param(
            Place(paths=("m",), files={"m/a.pkl": "0", "m/b.pkl": "0"}), "several files",
            id="several",
        ),
        pytest.param(
            Place(folder="/nowhere", paths=("a.pkl",), files={"a.pkl": "0"}), "cannot be read",
            id="gone",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_said(place: Place, part: str) -> None:
    with pytest.raises(ModelTestError, match=part):
        ModelFile(place, "").load()


def test_a_class_of_the_script_itself_is_explained(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"c__main__\nNoSuchModel\n.")

    with pytest.raises(ModelTestError) as failed:
        ModelFile(place_of(tmp_path, "model.pkl"), "").load()

    assert "must move to a module" in str(failed.value)


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    try:
        import skops  # type: ignore[import-not-found,unused-ignore] # an extra of users
    except ImportError:
        (tmp_path / "model.skops").write_bytes(b"x")
        with pytest.raises(MissingExtraError, match="skops"):
            ModelFile(place_of(tmp_path, "model.skops"), "").load()
    else:
        assert skops


def test_classes_of_the_repository_can_be_unpickled(tmp_path: Path) -> None:
    (tmp_path / "its_own_module.py").write_text("class Model:\n    answer = 42\n")
    (tmp_path / "model.pkl").write_bytes(b"cits_own_module\nModel\n.")

    assert ModelFile(place_of(tmp_path, "model.pkl"), str(tmp_path)).load().answer == 42


def test_a_fresh_process_gives_the_same_answers(tmp_path: Path) -> None:
    rows = np.arange(6.0).reshape(3, 2)
    model = np.poly1d([2.0, 1.0])
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))

    assert_save_load_equal(ModelFile(place_of(tmp_path, "model.pkl"), str(tmp_path)), rows)
    assert_save_load_equal(model, rows)


def test_what_only_this_process_has_does_not_survive(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(1))

    with pytest.raises(ModelTestError, match="cannot be saved"):
        assert_save_load_equal(lambda rows: rows[:, 0], np.ones((2, 2)))


def test_rows_of_every_kind_of_table_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b,target\n1,2.5,0\n3,,1\n")
    (tmp_path / "d.tsv").write_text("a\tb\ttarget\n1\t2.5\t0\n3\t\t1\n")
    (tmp_path / "d.jsonl").write_text('{"a": 1, "b": 2.5, "target": 0}\n{"a": 3, "target": 1}\n')
    columns = {"a": [1, 3], "b": [2.5, np.nan], "target": [0, 1]}
    a, b, target = (np.array(held) for held in columns.values())
    np.savez(tmp_path / "d.npz", a=a, b=b, target=target)
    duckdb = pytest.importorskip("duckdb")
    values = "(1, 2.5, 0), (3, 'nan'::DOUBLE, 1)"
    duckdb.sql(f"COPY (FROM (VALUES {values}) t(a, b, target)) TO '{tmp_path}/d.parquet'")

    for ending in ("csv", "tsv", "jsonl", "npz", "parquet"):
        data = EvalData(str(tmp_path), [f"d.{ending}"])
        features, truth = data.arrays()
        assert features.tolist()[0] == [1.0, 2.5], ending
        assert np.isnan(features[1, 1]), ending
        assert truth.tolist() == [0, 1], ending


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        pytest.param("d.csv", "a,b\n1\n", "line 2 has 1 cells", id="short-line"),
        pytest.param("d.csv", "", "it is empty", id="empty"),
        pytest.param("d.csv", "a,b\n", "no rows", id="no-rows"),
        pytest.param("d.csv", "a,a\n1,2\n", "same name", id="twice-the-same-name"),
        pytest.param("d.jsonl", "[1]\n", "no mapping", id="no-mapping"),
        pytest.param("d.xml", "<a/>", "is no table", id="unknown-ending"),
        pytest.param("d.csv", "a,b\n1,2\n", "which column", id="no-truth"),
    ],
)
def test_what_is_no_table_is_said(tmp_path: Path, name: str, text: str, part: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ModelTestError, match=part):
        EvalData(str(tmp_path), [name]).split()


def test_arrays_of_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", a=np.array([Bomb()], dtype=object))

    with pytest.raises(ModelTestError, match="cannot be read as a table"):
        EvalData(str(tmp_path), ["d.npz"]).rows()


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        pytest.param(["x/data.csv"], "x/data.csv", id="the-only-one"),
        pytest.param(["data/train.csv", "data/test.csv"], "data/test.csv", id="by-its-name"),
        pytest.param(["images", "labels.csv"], "labels.csv", id="the-only-table"),
        pytest.param(["a.csv", "b.csv"], "", id="two"),
        pytest.param([], "", id="none"),
    ],
)
def test_which_file_is_the_evaluation_set(paths: list[str], chosen: str) -> None:
    data = EvalData("/r", paths)

    if chosen:
        assert data.path == f"/r/{chosen}"
        return
    with pytest.raises(ModelTestError, match="evaluat"):
        _ = data.path


def test_a_model_gets_the_columns_that_it_was_trained_with() -> None:
    class Named:
        feature_names_in_ = ("b", "a")

    rows = Rows(columns={"a": np.array([1.0]), "b": np.array([2.0]), "id": np.array([7])})

    assert np.asarray(rows.for_model(Named())).tolist() == [[2.0, 1.0]]
