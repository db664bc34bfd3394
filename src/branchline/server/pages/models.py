"""The models of a box: versions, newest first, and the stages that they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from branchline.server.pages.rendering import Endpoint, Pages


def show(pages: Pages) -> Endpoint:
    """`/models`."""

    def answer(request: Request) -> Response:
        return pages.page(request, "models.html", models=pages.desk.models())

    return answer
