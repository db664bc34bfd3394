"""The stages of a model as they would be if some files held other bytes. Imported late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.config.branchline_yaml import FILE, load_policy
from branchline.config.pipeline import bytes_on_disk, load_pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.branchline_yaml import ModelConfig
    from branchline.core.pipeline import Pipeline


def reread(root: str, chosen: ModelConfig, files: Mapping[str, bytes]) -> Pipeline:
    """Read the declarations again.

    Args:
        root: Absolute root of the repository.
        chosen: The model as it was read.
        files: Path from the root -> bytes that count in place of those on disk.

    Raises:
        ConfigError, PipelineError: They cannot be used.
    """
    source, disk = chosen.source, bytes_on_disk(root)
    file = chosen.policy.source or FILE
    if file in files:
        loaded = load_policy(files[file], file=file)
        names = [model.policy.model for model in loaded.models]
        source = loaded.of(chosen.policy.model if len(names) > 1 else None).source
    return load_pipeline(root, source, read=lambda p: files[p] if p in files else disk(p))
