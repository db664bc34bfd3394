"""Serves the port `far` by the SSH client that git uses here. Decides nothing."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from branchline.errors import MissingToolError
from branchline.ports.far import Far, Said

if TYPE_CHECKING:
    from collections.abc import Sequence


class SshFar(Far):
    """A machine behind SSH.

    Args:
        command: Words that start the client.
        host: `HOST` or `USER@HOST`, does not begin with `-`.
        port: "" leaves it to the client.
    """

    def __init__(self, command: Sequence[str], host: str, port: str = "") -> None:
        self._words = [*command, *(["-p", port] if port else [])]
        self._host = host

    def ask(self, argv: Sequence[str], *, stdin: str = "") -> Said:
        """See the port."""
        import subprocess

        try:
            done = subprocess.run(
                self._line(argv), input=stdin.encode(), capture_output=True, check=False
            )
        except FileNotFoundError:
            raise self._missing() from None
        return Said(
            code=done.returncode,
            out=done.stdout.decode("utf-8", "replace"),
            err=done.stderr.decode("utf-8", "replace"),
        )

    def stream(self, argv: Sequence[str]) -> int:
        """See the port."""
        import subprocess

        sys.stdout.flush()
        is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        try:
            # A terminal there as well: Ctrl-C reaches the command, and it may draw.
            return subprocess.run(
                self._line(argv, ["-t"] if is_terminal else []), check=False
            ).returncode
        except FileNotFoundError:
            raise self._missing() from None

    def _line(self, argv: Sequence[str], options: Sequence[str] = ()) -> list[str]:
        return [*self._words, *options, self._host, shlex.join(argv)]

    def _missing(self) -> MissingToolError:
        return MissingToolError(
            f"`{self._words[0]}` is not on this machine's PATH",
            todo="Install an SSH client, e.g. `apt-get install openssh-client`.",
        )
