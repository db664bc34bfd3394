"""`init` in a Kedro project: `kedro run` as one stage, by its catalog. Runs and imports nothing."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from branchline.errors import DocumentError
from branchline.flows.init.bars import bars_of_files
from branchline.flows.init.guess import About, Certainty
from branchline.flows.init.touched import is_metrics_file
from branchline.generate.settings_file import FirstModel, FirstStage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.flows.init.guess import Look
    from branchline.flows.init.view import View

__all__ = ["from_kedro", "is_kedro"]

_SETTINGS = "pyproject.toml"
_BASE = "conf/base/"
_RAW = re.compile(r"(?:^|/)(?:01_)?raw(?:/|$)")
_MODEL = re.compile(r"(?:^|/)06_models/|\.(?:cbm|h5|joblib|keras|onnx|pickle|pkl|pth?|ubj)$")


def is_kedro(view: View) -> bool:
    """Whether pyproject.toml says that this is a Kedro project."""
    return bool(_kedro(view).get("package_name"))


def _kedro(view: View) -> dict[str, object]:
    tool = view.mapping(_SETTINGS).get("tool")
    found = tool.get("kedro") if isinstance(tool, dict) else None
    return found if isinstance(found, dict) else {}


def from_kedro(view: View, model: str, look: Look) -> FirstModel:
    """What to say of the model that `kedro run` trains.

    Its nodes are found by names, not by imports of the command, so its whole package is an input.

    Raises:
        DocumentError: A metrics file cannot be read.
    """
    settings = _kedro(view)
    package = posixpath.join(str(settings.get("source_dir", "src")), str(settings["package_name"]))
    line = next(
        (n for n, t in enumerate((view.text(_SETTINGS) or "").splitlines(), 1) if "kedro" in t), 1
    )
    look.saw(About.LAYOUT, "a Kedro project", Certainty.DECLARED, _SETTINGS, line)
    look.saw(About.COMMAND, "the command: kedro run", Certainty.BY_NAME, _SETTINGS, line)
    base = [f for f in view.files if f.startswith(_BASE) and f.endswith((".yml", ".yaml"))]
    catalogs = [f for f in base if posixpath.basename(f).startswith("catalog") or "/catalog" in f]
    params = tuple(f for f in base if f not in catalogs and "parameters" in f)
    for path in params:
        look.saw(About.PARAMETERS, f"parameters in {path}", Certainty.DECLARED, path, 1)
    deps = [item for item in (package, *catalogs) if view.exists(item)]
    outs, metrics = [], []
    for name, path, where, is_versioned in _entries(view, catalogs):
        if view.is_tracked(path) or view.has_file(f"{path}.dvc") or _RAW.search(path):
            look.saw_at(About.DATA, f"data in {path} ({name})", Certainty.DECLARED, where)
            deps.append(path)
        elif is_metrics_file(path) and not is_versioned:
            look.saw_at(About.METRICS, f"metrics in {path} ({name})", Certainty.DECLARED, where)
            metrics.append(path)
        elif is_metrics_file(path):
            look.unknowns.append(
                f"{where}: {name} keeps a file for each run, so that its place is not known before;"
                " leave it by json.JSONDataset without `versioned`, and name it under `metrics:`."
            )
        elif _MODEL.search(path):
            look.saw_at(About.MODEL, f"the model, {path} ({name})", Certainty.DECLARED, where)
            outs.append(path)
    if not metrics:
        look.unknowns.append(
            f"No entry of the catalog is a plain file of metrics. Add one to {_BASE}catalog.yml,"
            " and name it under `metrics:`, so that results can be judged."
        )
    stage = FirstStage(name="train", cmd="kedro run", deps=tuple(dict.fromkeys(deps)),
                       params=params, outs=tuple(outs), metrics=tuple(metrics))  # fmt: skip
    bars = bars_of_files(metrics, look)
    if metrics and not bars:
        look.unknowns.append(
            f"Which metrics go to {metrics[0]} is not said; name those that matter under `gate:`"
            " after the first `branchline run`, or let `branchline init --check` do it."
        )
    return FirstModel(name=model, stages=(stage,), bars=bars, bars_are_sure=bool(bars))


def _entries(view: View, catalogs: list[str]) -> Iterator[tuple[str, str, str, bool]]:
    """(name, path, `file:line`, whether each run makes a new version) of entries with a file."""
    for catalog in catalogs:
        try:
            read = view.document(catalog)
        except DocumentError:
            continue
        entries = read.value if read is not None and isinstance(read.value, dict) else {}
        for name, entry in entries.items():
            path = entry.get("filepath") if isinstance(entry, dict) else None
            if not isinstance(path, str) or "://" in path or re.search(r"[{}*]", f"{path}{name}"):
                continue
            if read is not None and not path.startswith(("/", "~", "..")):
                kind = str(entry.get("type", ""))
                is_versioned = bool(entry.get("versioned")) or kind.startswith("tracking.")
                yield str(name), posixpath.normpath(path), read.where((name,)), is_versioned
