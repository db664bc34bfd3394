"""`branchline serve [BOX]`: the pages of a box in the browser, and a worker for its queue.

A command like those of `cli`, which may not import this room: its table names this file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, TextIO

from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.wiring.hooks import Following

_LEAST_TOKEN = 16


class Console(Protocol):
    """The part of `cli.console.Console` that is used here."""

    out: TextIO

    def write(self, text: str = "") -> None:
        """Print a text as it is, and a newline."""
        ...


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("box", nargs="?", default="", metavar="BOX", help="its folder")
    parser.add_argument("--remote", default="", metavar="NAME", help="the box, as a git remote")
    parser.add_argument(
        "--host", default="", metavar="NAME",
        help="listen there, with a token; without it only this machine is let in",
    )  # fmt: skip
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one (8765)")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="a further name by which browsers may call it, e.g. behind a proxy",
    )  # fmt: skip
    parser.add_argument("--token-file", default="", metavar="FILE", help="take the token from here")
    parser.add_argument(
        "--upstream", default="", metavar="URL",
        help="follow this repository: take GitHub's webhooks at /hooks/github, fetch from here",
    )  # fmt: skip
    parser.add_argument(
        "--repository", default="", metavar="OWNER/NAME",
        help="what the webhooks call it (the end of the URL)",
    )  # fmt: skip
    parser.add_argument(
        "--webhook-secret", default="", metavar="'${env:NAME}'", help="the variable that holds it"
    )
    parser.add_argument(
        "--webhook-secret-file", default="", metavar="FILE", help="whose first line is the secret"
    )
    parser.add_argument(
        "--report-token", default="", metavar="'${env:NAME}'",
        help="the variable that holds a token, by which results are reported to the repository",
    )  # fmt: skip
    parser.add_argument(
        "--report-token-file", default="", metavar="FILE", help="whose first line is that token"
    )
    parser.add_argument("--no-worker", action="store_true", help="pages only")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Serve until Ctrl-C."""
    from branchline.server.serving import Listening, serve
    from branchline.wiring import desks

    if not 0 <= options.port <= 65535:
        raise UsageError(
            f"branchline serve: --port {options.port} is no port", todo="Write 1 to 65535."
        )
    address = desks.address_of(remote=options.remote, box=options.box)
    if address.host:
        raise UsageError(
            f"the box is on {address.host}",
            todo=f"Call it there: `ssh -L 8765:localhost:8765 {address.host} "
            f"branchline serve {address.path}`.",
        )
    token = _token(options)
    following = _following(options)
    listening = Listening(
        host=options.host or "127.0.0.1",
        port=options.port,
        token=token,
        names=tuple(options.allow_host),
    )

    def ready(url: str) -> None:
        console.write(f"{url}  (Ctrl-C ends it)")
        if token and not options.token_file:
            console.write(f"token: {token}")
        if following is not None:
            console.write(f"webhooks of {following.repository}: {url}hooks/github")
            if following.token:
                console.write(f"results are reported to {following.repository}")
        console.out.flush()

    serve(
        address.path,
        listening,
        by=desks.signature(),
        ready=ready,
        has_worker=not options.no_worker,
        following=following,
    )
    return EXIT_FINE


def _following(options: argparse.Namespace) -> Following | None:
    """The repository that the box follows; None where it follows none."""
    from branchline.wiring.hooks import following_of

    if options.upstream:
        found = following_of(
            options.upstream,
            repository=options.repository,
            secret=options.webhook_secret,
            secret_file=options.webhook_secret_file,
            token=options.report_token,
            token_file=options.report_token_file,
        )
        if found.token:
            from branchline.wiring.reporting import address_there

            address_there(found)  # what cannot be used is said before anything is served
        return found
    others = (options.report_token, options.report_token_file)
    if options.repository or any(others) or options.webhook_secret or options.webhook_secret_file:
        raise UsageError(
            "branchline serve: webhooks without a repository to fetch from",
            todo="Write --upstream URL, e.g. https://github.com/OWNER/NAME.git.",
        )
    return None


def _token(options: argparse.Namespace) -> str | None:
    """The token that visitors need; None where only this machine is let in."""
    if options.token_file:
        try:
            with open(options.token_file, encoding="utf-8") as file:
                token = file.read(4096).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"branchline serve: --token-file {options.token_file} cannot be read: {error}",
                todo="Name a file that holds a token.",
            ) from None
        if len(token) < _LEAST_TOKEN:
            raise UsageError(
                f"the token in {options.token_file} has {len(token)} characters",
                todo=f"Write at least {_LEAST_TOKEN}, e.g. `openssl rand -hex 24`.",
            )
        return token
    if not options.host:
        return None
    given = os.environ.get("BRANCHLINE_TOKEN", "").strip()
    if len(given) >= _LEAST_TOKEN:
        return given
    import secrets

    return secrets.token_urlsafe(32)
