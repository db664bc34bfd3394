"""What libraries work out once in a process from what is installed: each fork would do it anew.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. Functions without
arguments that keep their answer, and whose answer depends on the installed packages alone: like
modules, these are taken to stay what they are while a search runs. None depends on a setting.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# scikit-learn asks narwhals (from 2.0) for its plugins whenever rows are chosen, as in a split of
# data; it reads the entry points of all that is installed: 4 ms where that is 126 packages.
KNOWN = (("narwhals.plugins", "_discover_entrypoints"),)
"""(module, function) of each."""


def work_out(folder: str, known: Iterable[tuple[str, str]] = KNOWN) -> None:
    """Let this process have the answers; those of modules that are not loaded are passed over.

    Args:
        folder: What comes first on the path when the script runs; "" for nothing.
        known: As `KNOWN`.
    """
    if folder:
        sys.path.insert(0, folder)
    try:
        for module, name in known:
            function: Any = getattr(sys.modules.get(module), name, None)
            if hasattr(function, "cache_info"):  # without a cache it would be done again anyway
                function()
    except Exception:  # noqa: BLE001, S110 - whatever it is, the script meets it by itself
        pass
    finally:
        if folder:
            sys.path.remove(folder)
