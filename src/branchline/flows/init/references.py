"""References in a configuration, `${out}/model.pkl`, as OmegaConf fills them in. Serves `init`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["resolved"]

_REFERENCE = re.compile(r"\$\{([A-Za-z_][\w.]*)\}")
_OUTPUT_DIR = "${hydra:runtime.output_dir}"
_CWD = "${hydra:runtime.cwd}"
_DEEPEST = 12


def resolved(root: Mapping[str, object]) -> dict[str, object]:
    """The configuration with references to its own keys filled in.

    Values whose references cannot be told are None. Hydra's folder of a run is `@run`, the one in
    which it was started `@root`.
    """
    made = _resolve(root, root, 0)
    return made if isinstance(made, dict) else {}


def _resolve(value: object, root: Mapping[str, object], depth: int) -> object:
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        return {key: _resolve(item, root, depth + 1) for key, item in value.items()}
    if not isinstance(value, str) or "${" not in value:
        return value
    text = value.replace(_OUTPUT_DIR, "@run").replace(_CWD, "@root")

    def fill(match: re.Match[str]) -> str:
        found: object = root
        for key in match[1].split("."):
            found = found.get(key) if isinstance(found, dict) else None
        inner = _resolve(found, root, depth + 1) if found is not None else None
        return match[0] if inner is None or isinstance(inner, dict | list) else str(inner)

    text = _REFERENCE.sub(fill, text)
    return None if "${" in text else text
