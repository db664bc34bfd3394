"""The login: who shows the token gets a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from branchline.server.guard import SESSION
from branchline.server.pages.rendering import read_form

if TYPE_CHECKING:
    from starlette.requests import Request

    from branchline.server.pages.rendering import Handler, Pages


def answer(pages: Pages) -> Handler:
    """`/login`."""

    async def show(request: Request) -> Response:
        if request.method != "POST":
            return pages.page(request, "login.html", is_wrong=False)
        fields = await read_form(request)
        guard = request.state.guard
        if not guard.is_token(fields.get("token", "").strip()):
            return pages.page(request, "login.html", 401, is_wrong=True)
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            SESSION,
            guard.session(),
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    return show
