"""The packages that surround the code: what files say of them, what was found, why it failed."""

from branchline.core.environment.values import (
    Asked,
    Hint,
    Index,
    Interpreter,
    Package,
    Resolved,
    Strength,
)

__all__ = ["Asked", "Hint", "Index", "Interpreter", "Package", "Resolved", "Strength"]
