"""What is read from a script's text: paths, metrics, options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.folder import FolderTree
from branchline.flows.init.script import Script, read_script
from branchline.flows.init.view import View

if TYPE_CHECKING:
    from pathlib import Path


def script_of(root: Path, source: str, **others: str) -> Script:
    """A script, read beside other modules."""
    (root / "train.py").write_text(source)
    for name, text in others.items():
        (root / f"{name}.py").write_text(text)
    script = read_script(View(FolderTree(str(root))), "train.py")
    assert script is not None
    return script


@pytest.mark.parametrize(
    ("source", "names"),
    [
        pytest.param('json.dump({"a": 1}, open("metrics.json", "w"))', ["a"], id="opened-in-place"),
        pytest.param('json.dump({"a": 1}, open("model.json", "w"))', [], id="that-is-a-model"),
        pytest.param(
            'with open("scores.json", "w") as f:\n    json.dump({"a": 1}, f)', ["a"], id="with"
        ),
        pytest.param(
            'with open("model.json", "w") as f:\n    json.dump({"a": 1}, f)', [], id="with-model"
        ),
        pytest.param('Path("m.json").write_text(json.dumps({"a": 1}))', [], id="text-of-a-model"),
        pytest.param('json.dump({"a": 1}, handle)', ["a"], id="not-known-where"),
    ],
)
def test_which_metrics_a_script_writes(source: str, names: list[str], tmp_path: Path) -> None:
    script = script_of(tmp_path, source)

    assert [item.name for item in script.measures] == names


@pytest.mark.parametrize(
    ("source", "writes"),
    [
        pytest.param('torch.save(m, "m.pt")', ["m.pt"], id="second-argument"),
        pytest.param('frame.to_csv("a.csv", index=False)', ["a.csv"], id="pandas"),
        pytest.param('open("a.txt", mode="w")', ["a.txt"], id="open-with-keyword"),
        pytest.param('open("a.txt")', [], id="open-reads-by-default"),
        pytest.param('(Path("a") / "b").open("w")', ["a/b"], id="method-open"),
        pytest.param('np.save(os.path.join("a", "b.npy"), x)', ["a/b.npy"], id="joined"),
        pytest.param('open(f"{name}.txt", "w")', [], id="a-computed-path-is-not-guessed"),
        pytest.param('open("s3://b/k", "w")', [], id="an-address-is-no-path"),
        pytest.param("a = a\nopen(a, 'w')", [], id="a-name-that-means-itself-ends"),
    ],
)
def test_what_a_script_writes(source: str, writes: list[str], tmp_path: Path) -> None:
    script = script_of(tmp_path, source)

    assert [item.path for item in script.writes] == writes
