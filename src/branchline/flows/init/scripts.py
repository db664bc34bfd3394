"""`init` in a repository that has a training script and no pipeline: one stage around it."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING

from branchline.errors import PipelineError
from branchline.flows.init.bars import bars_of_files, bars_of_names
from branchline.flows.init.script import is_metrics_file, read_script
from branchline.generate.settings_file import FirstSettings, FirstStage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.init.look import Look
    from branchline.flows.init.script import Script, Touched
    from branchline.ports.tree import Tree

__all__ = ["from_script"]

_SCRIPT_NAMES = ("train.py", "training.py", "main.py")
_PARAMETER_FILES = ("params.yaml", "params.yml", "params.json", "params.toml")
_DOCUMENT_ENDINGS = (".yaml", ".yml", ".json", ".toml")


def from_script(tree: Tree, model: str, files: Sequence[str], look: Look) -> FirstSettings:
    """Settings for a repository with a training script.

    Args:
        tree: The repository's files.
        model: The model's name.
        files: Paths of all files, shallow ones first.
        look: Gets what was found.

    Raises:
        PipelineError: There is no such script, or it cannot be parsed.
        DocumentError: A metrics file cannot be read.
    """
    path = _training_script(files, look)
    script = read_script(tree.read(path) or b"")
    if script is None:
        raise PipelineError(
            f"{path} cannot be read as Python",
            todo="Mend it, or write branchline.yaml by hand with `stages:`.",
        )
    written = _inside(script.writes, path, look)
    metrics = [item for item in written if is_metrics_file(item.path)]
    outs = _without_nested([item for item in written if item not in metrics])
    params, data = _inputs(tree, path, script, look)
    stage = FirstStage(
        name="train",
        cmd=_command(tree, path, script, look),
        deps=(path, *data),
        params=params,
        outs=tuple(item.path for item in outs),
        metrics=tuple(item.path for item in metrics),
    )
    _note_outputs(path, outs, metrics, look)
    bars = bars_of_files(tree, stage.metrics, look)
    is_sure = bool(bars)
    if not bars and metrics:
        bars = bars_of_names([(m.path, f"{path}:{m.line}") for m in script.metrics], look)
    return FirstSettings(model=model, stage=stage, bars=bars, bars_are_sure=is_sure)


def _training_script(files: Sequence[str], look: Look) -> str:
    """The script to train with: train.py before main.py, shallow before deep."""
    found = [
        path
        for name in _SCRIPT_NAMES
        for path in files
        if posixpath.basename(path) == name and "test" not in posixpath.dirname(path)
    ]
    if not found:
        raise PipelineError(
            "there is neither a dvc.yaml nor a train.py or main.py here",
            todo='Write branchline.yaml yourself: `model: NAME` and `train: "python FILE.py"`.',
        )
    look.saw("a training script", f"{found[0]}:1")
    if found[1:]:
        look.unknowns.append(
            f"There are more scripts that may train: {', '.join(found[1:4])}; "
            "give each a stage of its own under `stages:`."
        )
    return found[0]


def _command(tree: Tree, path: str, script: Script, look: Look) -> str:
    """`python train.py`, as a module where its imports demand that, with required options."""
    words = _python(tree, path, script, look)
    for option in script.options:
        if option.is_required:
            value = option.name.lstrip("-").replace("-", "_").upper()
            words += [option.name, value] if option.name.startswith("-") else [value]
            look.unknowns.append(
                f"{path}:{option.line}: the script needs {option.name}; "
                f"put its value in the place of {value} in `cmd:`."
            )
    free = [option for option in script.options if not option.is_required]
    if free:
        names = ", ".join(option.name for option in free[:6])
        look.saw(f"options left at their defaults: {names}", f"{path}:{free[0].line}")
    return shlex.join(words)


def _python(tree: Tree, path: str, script: Script, look: Look) -> list[str]:
    """How the script is started so that its imports are found without an installation."""
    folder = posixpath.dirname(path)
    if script.has_relative_imports:
        root = folder
        while root and tree.read(f"{root}/__init__.py") is not None:
            root = posixpath.dirname(root)
        root = "" if root == folder else root
        return [*_search_in(root), "python", "-m", _module(path, root)]
    for name in script.imports:
        if _has_module(tree, folder, name):
            continue  # Python looks beside the script first.
        above = [folder]
        while above[-1]:
            above.append(posixpath.dirname(above[-1]))
        holder = next((r for r in (*above[1:], "src") if _has_module(tree, r, name)), None)
        if holder is None:
            continue  # A package that is installed, or missing: the run will tell.
        where = f"in {holder}" if holder else "beside its folder"
        look.saw(f"the package {name} {where}, which the script imports", f"{path}:1")
        if path.startswith(posixpath.join(holder, name) + "/"):
            return [*_search_in(holder), "python", "-m", _module(path, holder)]
        return [*_search_in(holder or "."), "python", path]
    return ["python", path]


def _search_in(root: str) -> list[str]:
    """Where Python has to look for modules beside the folder that it looks in anyway."""
    return [f"PYTHONPATH={root}"] if root else []


def _module(path: str, root: str) -> str:
    return path.removesuffix(".py").removeprefix(f"{root}/" if root else "").replace("/", ".")


def _has_module(tree: Tree, folder: str, name: str) -> bool:
    path = posixpath.join(folder, name)
    if tree.read(f"{path}.py") is not None:
        return True
    return any(entry.endswith(".py") for entry in tree.list_folder(path) or {})


def _inside(items: Sequence[Touched], script: str, look: Look) -> list[Touched]:
    """Those paths that lie inside the repository."""
    kept = []
    for item in items:
        if item.path.startswith(("/", "..", "~")) or item.path == ".":
            look.unknowns.append(
                f"{script}:{item.line}: {item.path} lies outside the repository "
                "and cannot be an output."
            )
        else:
            kept.append(item)
    return kept


def _without_nested(items: Sequence[Touched]) -> list[Touched]:
    """Leave out what lies inside another output: outputs may not overlap."""
    paths = {item.path for item in items}
    return [
        item
        for item in items
        if not any(item.path.startswith(f"{path}/") for path in paths - {item.path})
    ]


def _inputs(
    tree: Tree, path: str, script: Script, look: Look
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Parameter files and data that the script reads and does not write."""
    written = {item.path for item in script.writes}
    params: list[str] = []
    data: list[str] = []
    for item in script.reads:
        where = f"{path}:{item.line}"
        if item.path in written or item.path.startswith(("/", "..", "~")):
            continue
        if tree.read(item.path) is None and tree.list_folder(item.path) is None:
            look.unknowns.append(f"{where}: it reads {item.path}, which is not here.")
        elif item.path.endswith(_DOCUMENT_ENDINGS) and item.path.count("/") <= 1:
            look.saw(f"parameters in {item.path}", where)
            params.append(item.path)
        else:
            look.saw(f"data in {item.path}", where)
            data.append(item.path)
    for name in _PARAMETER_FILES:
        if name not in params and name not in written and tree.read(name) is not None:
            look.saw(f"parameters in {name}", f"{name}:1")
            params.append(name)
    if script.hydra is not None:
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), script.hydra.path))
        if tree.list_folder(folder) is not None:
            look.saw(f"Hydra's configuration in {folder}", f"{path}:{script.hydra.line}")
            data.append(folder)
    return tuple(params), tuple(data)


def _note_outputs(
    path: str, outs: Sequence[Touched], metrics: Sequence[Touched], look: Look
) -> None:
    for item in outs:
        look.saw(f"an output, {item.path}", f"{path}:{item.line}")
    for item in metrics:
        look.saw(f"metrics in {item.path}", f"{path}:{item.line}")
    if not outs:
        look.unknowns.append(f"{path} was not seen to write a model; name its files under `outs:`.")
    if not metrics:
        look.unknowns.append(
            f"{path} was not seen to write metrics; write them to metrics.json and name it under "
            "`metrics:`, so that results can be judged."
        )
