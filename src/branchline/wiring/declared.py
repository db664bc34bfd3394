"""Reads which models a tree declares: in branchline.yaml of the root, or in one a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.errors import ConfigError

if TYPE_CHECKING:
    from branchline.config.branchline_yaml import LoadedConfig, ModelConfig

CONFIG_FILE = "branchline.yaml"
_OF_THE_ROOT = (CONFIG_FILE, "dvc.yaml")
"""Where the root has one of these, files of folders declare nothing."""


def load_config(
    root: str, model: str | None = None, *, name: str = ""
) -> tuple[ModelConfig, tuple[str, ...]]:
    """What branchline.yaml decides for one model, and the files that were read for it.

    Args:
        root: Absolute root of the repository.
        model: Which model.
        name: Name of the model where there is no branchline.yaml; "" takes the folder's.
    """
    loaded = read_config(root, name)
    files = loaded.file.split(", ") if "/" in loaded.file else ()
    return loaded.of(model), (CONFIG_FILE, *files)


def read_config(root: str, name: str = "") -> LoadedConfig:
    """What a tree's branchline.yaml says of all models, or those of its folders."""
    from branchline.config.branchline_yaml import default_config, joined, load_policy

    data = _read(root, CONFIG_FILE)
    if data is not None:
        return load_policy(data, file=CONFIG_FILE)
    own = [load_policy(_read(root, file) or b"", file=file) for file in folder_files(root)]
    return joined(own) if own else default_config(name or os.path.basename(root) or "model")


def declared_models(start: str = ".") -> tuple[str, ...]:
    """Names of the models that branchline.yaml declares, or those of folders."""
    from branchline.adapters.git import Git

    loaded = read_config(Git.open(start).places.root)
    return tuple(model.policy.model for model in loaded.models)


def folder_files(root: str) -> tuple[str, ...]:
    """Each branchline.yaml of a folder, from the root; none where the root declares the models."""
    if any(os.path.lexists(os.path.join(root, name)) for name in _OF_THE_ROOT):
        return ()
    from branchline.config.discovery import Walk, names_on_disk
    from branchline.config.pipeline import bytes_on_disk

    return tuple(Walk(names_on_disk(root), bytes_on_disk(root)).named(CONFIG_FILE))


def config_here(start: str) -> tuple[str, str]:
    """The root of the repository that holds a folder, and the nearest branchline.yaml below it.

    The second, from the root, is "" in the root itself and where the root's alone is in force.
    """
    folder, found = os.path.realpath(start), ""
    while not os.path.lexists(os.path.join(folder, ".git")):
        if not found and os.path.lexists(os.path.join(folder, CONFIG_FILE)):
            found = folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return "", ""
        folder = parent
    return folder, os.path.relpath(os.path.join(found, CONFIG_FILE), folder) if found else ""


def model_here(start: str) -> str | None:
    """The model of the folder that one stands in; None where the folder declares none."""
    root, file = config_here(start)
    if not file or file not in folder_files(root):
        return None
    from branchline.config.branchline_yaml import load_policy

    return load_policy(_read(root, file) or b"", file=file).models[0].policy.model


def unread_config(start: str = ".") -> str:
    """The branchline.yaml of the folder that one stands in, if it is in force nowhere; else ""."""
    root, file = config_here(start)
    return file if file and file not in folder_files(root) else ""


def _read(root: str, path: str) -> bytes | None:
    from branchline.config.pipeline import refuse_link_outside

    refuse_link_outside(root, path)
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        raise ConfigError(
            f"{path} is a folder, must be a file", todo="Rename the folder."
        ) from error


def dvc_address(root: str) -> str:
    """Address of the default remote that everybody's DVC has; "" for none, or a folder.

    Settings of this machine alone (`.dvc/config.local`) are nothing that a job finds.
    """
    from branchline.adapters.dvc.settings import read_settings

    settings = read_settings(root, names=("config",))
    address = settings.remotes.get(settings.default_remote, "")
    return "" if os.path.isabs(address) else address
