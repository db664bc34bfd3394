"""`branchline schema`: the JSON Schema of branchline.yaml, for editors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `branchline schema`."""
    parser.add_argument("-o", "--output", metavar="FILE", help="write it there instead")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print the schema, or write it."""
    from branchline.config.schema import json_schema

    schema = json_schema()
    if options.output is None:
        console.json(schema)
        return EXIT_FINE
    import json

    try:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(
            f"{options.output} cannot be written: {error.strerror}",
            todo="Name a file in a folder that you may write to.",
        ) from error
    console.write(f"Wrote {os.path.relpath(options.output)}. In branchline.yaml, say:")
    console.write(f"# yaml-language-server: $schema={options.output}")
    return EXIT_FINE
