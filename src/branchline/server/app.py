"""The pages of a box in the browser: Starlette, rendered on the server, no build step.

Everything works without JavaScript; one small file follows a log while a job runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import MissingExtraError
from branchline.server.guard import LOOPBACK, Guard

if TYPE_CHECKING:
    from collections.abc import Collection

    from branchline.flows.desk import Desk
    from branchline.ports.branches import Signature


def create_app(
    desk: Desk,
    *,
    by: Signature,
    token: str | None = None,
    hosts: Collection[str] | None = LOOPBACK,
) -> Guard:
    """The ASGI application of one box.

    Args:
        desk: The box.
        by: Who approves and merges when somebody presses a button.
        token: What visitors must know; None lets in whoever reaches the port.
        hosts: Names by which it may be called; None takes any.

    Raises:
        MissingExtraError: Starlette or Jinja is not installed.
    """
    try:
        from starlette.applications import Starlette
        from starlette.routing import Mount, Route
        from starlette.staticfiles import StaticFiles

        from branchline.server.pages.rendering import Pages, static_folder
    except ImportError as error:
        raise MissingExtraError(
            f"`{error.name}` is not installed, and the pages are made with it",
            todo="Install the extra: `pip install 'branchline[serve]'`.",
        ) from None
    from branchline.server.pages import jobs, login, models, overview, pulls

    pages = Pages(desk, by)
    routes = [
        Route("/", overview.show(pages)),
        Route("/pulls", overview.pulls(pages)),
        Route("/pulls/{number:int}", pulls.show(pages)),
        *(
            Route(f"/pulls/{{number:int}}/{verb}", pulls.act(pages, verb), methods=["POST"])
            for verb in pulls.VERBS
        ),
        Route("/jobs", jobs.listed(pages)),
        Route("/jobs/{number:int}", jobs.show(pages)),
        Route("/jobs/{number:int}/events", jobs.events(pages)),
        Route("/jobs/{number:int}/log", jobs.log(pages)),
        *(
            Route(f"/jobs/{{number:int}}/{verb}", jobs.act(pages, verb), methods=["POST"])
            for verb in jobs.VERBS
        ),
        Route("/models", models.show(pages)),
        Route("/login", login.answer(pages), methods=["GET", "POST"]),
        Mount("/static", StaticFiles(directory=static_folder())),
    ]
    app = Starlette(routes=routes, exception_handlers=pages.error_handlers())
    return Guard(app, token=token, hosts=hosts)
