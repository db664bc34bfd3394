"""Files and folders whose names are numbered."""

from __future__ import annotations

import pytest

from branchline.flows.init.loggers import logged_in, versions_above
from branchline.flows.init.numbered import above_numbered, with_folders


@pytest.mark.parametrize(
    ("path", "above"),
    [
        pytest.param("logs/a/version_0/x/m.ckpt", "logs/a", id="a-version"),
        pytest.param("out/epoch=2-step=30.ckpt", "out", id="a-checkpoint-of-lightning"),
        pytest.param("out/checkpoint-500/model.bin", "out", id="a-folder-of-transformers"),
        pytest.param("runs/2026-01-31_10-11-12/m.pkl", "runs", id="a-date"),
        pytest.param("out/resnet50.pt", "", id="a-number-that-is-a-name"),
        pytest.param("stepwise1/m.pt", "", id="a-word-that-only-begins-so"),
        pytest.param("epoch=2.ckpt", "", id="nothing-is-above"),
    ],
)
def test_above_numbered(path: str, above: str) -> None:
    assert above_numbered(path) == above


def test_a_folder_with_anything_else_stays_out() -> None:
    paths = ["a/epoch=1.ckpt", "a/epoch=2.ckpt", "b/step-3.pt", "b/best.pt", "c/epoch=1.ckpt"]

    outs, stuck = with_folders(paths, ["b/metrics.json"], lambda folder: folder != "c")

    assert outs == ["a", "b/best.pt"]
    assert stuck == ["b/step-3.pt", "c/epoch=1.ckpt"]


@pytest.mark.parametrize(
    ("folder", "version", "place"),
    [
        pytest.param("logs/a", None, "logs/a", id="numbered"),
        pytest.param("logs/a", 3, "logs/a/version_3/metrics.csv", id="a-number"),
        pytest.param("logs/a", "best", "logs/a/best/metrics.csv", id="a-name"),
        pytest.param(".", None, "version_0/metrics.csv", id="never-the-repository"),
    ],
)
def test_logged_in(folder: str, version: str | int | None, place: str) -> None:
    assert logged_in(folder, version) == place


def test_of_two_numbered_folders_the_upper_counts() -> None:
    assert versions_above("outputs/2026-01-31/version_1/metrics.csv") == "outputs"
