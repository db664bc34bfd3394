"""The page of a pull request, and its buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import PullRequestError
from branchline.ports.branches import MergeMethod
from branchline.ports.forge import PullState
from branchline.render.diff_view import diff_files
from branchline.render.pulls import state_word
from branchline.server.pages.overview import CHECK_TONES, job_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from branchline.server.pages.rendering import Endpoint, Handler, Pages

VERBS = ("approve", "merge", "close")
_LONG = 400  # Lines of a file's diff above which it is folded.


def show(pages: Pages) -> Endpoint:
    """`/pulls/NUMBER`."""

    def answer(request: Request) -> Response:
        view = pages.desk.view(request.path_params["number"])
        pull = view.pull
        return pages.page(
            request,
            "pull.html",
            view=view,
            pull=pull,
            state=state_word(pull),
            is_open=pull.state is PullState.OPEN,
            checks=[(check, CHECK_TONES[check.state.value]) for check in view.checks],
            files=diff_files(view.diff),
            is_cut="\n... cut off here" in view.diff[-200:],
            long=_LONG,
            jobs=[job_row(job) for job in view.jobs],
        )

    return answer


def act(pages: Pages, verb: str) -> Handler:
    """`/pulls/NUMBER/VERB`: a button was pressed."""

    def action(request: Request, fields: Mapping[str, str]) -> str:
        number: int = request.path_params["number"]
        commit = fields.get("commit", "")
        if verb != "close" and not commit:
            raise PullRequestError("the form does not say which commit was looked at")
        if verb == "approve":
            pages.desk.pulls.approve(number, by=pages.actor, commit=commit)
            said = "approved"
        elif verb == "close":
            pages.desk.pulls.close(number)
            said = "closed"
        else:
            pages.desk.pulls.merge(
                number,
                method=_method(fields.get("method", "")),
                by=pages.by,
                commit=commit,
                override=fields.get("override", ""),
            )
            said = "merged"
        pages.desk.wake()
        return f"/pulls/{number}?said={said}"

    return pages.posted(action)


def _method(word: str) -> MergeMethod:
    try:
        return MergeMethod(word)
    except ValueError:
        raise PullRequestError("the form names no way of merging") from None
