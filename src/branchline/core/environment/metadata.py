"""Releases whose own files say what they need in a grammar that installers refuse today. Pure data.

`pytz>=2011k` was no valid version by PEP 440, and was accepted until installers checked it. What
such a release needs is told to uv in its place, as its authors meant it.
"""

from __future__ import annotations

_PANDAS = (
    *("0.20.0", "0.20.1", "0.20.2", "0.20.3", "0.21.0", "0.21.1", "0.22.0"),
    *("0.23.0", "0.23.1", "0.23.2", "0.23.3", "0.23.4", "0.24.0", "0.24.1", "0.24.2"),
)
BROKEN = (("pandas", _PANDAS, ("numpy>=1.9.0", "python-dateutil>=2.5.0", "pytz>=2011")),)
"""Package, versions, what they need."""
SIGN = "has invalid metadata"
"""uv's words for it."""


def told_instead() -> str:
    """What the releases need, as settings of uv."""
    parts = []
    for name, versions, needs in BROKEN:
        listed = ", ".join(f'"{need}"' for need in needs)
        parts += [
            f'[[dependency-metadata]]\nname = "{name}"\nversion = "{version}"\n'
            f"requires-dist = [{listed}]\n"
            for version in versions
        ]
    return "\n".join(parts)


def is_known(text: str) -> bool:
    """Whether what uv said is about one of them."""
    return SIGN in text and any(f"{name}==" in text for name, _, _ in BROKEN)
