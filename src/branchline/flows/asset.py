"""One plot or image as Markdown. Serves the verb `report asset`; writes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.core.evidence import Plot
from branchline.core.pipeline import Content
from branchline.errors import UsageError
from branchline.render.asset import asset_markdown, image_url, quoted
from branchline.render.drawing import drawing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.flows.project import Project

_MOST_BYTES = 20_000_000


def asset(
    project: Project, file: str, *, remotes: Sequence[str], note: Callable[[str], None]
) -> str:
    """A file as Markdown that a forge renders: data as a chart or table, an image by its address.

    Args:
        project: Ports; a plot that the pipeline names is drawn with its options.
        file: From where the user stands.
        remotes: Addresses of git remotes, the first on the web is the forge.
        note: Takes what the user should know besides.

    Raises:
        UsageError: There is no such file, it cannot be drawn, or no commit holds the image.
    """
    data = _bytes(file)
    path = os.path.relpath(os.path.realpath(file), os.path.realpath(project.root))
    path = path.replace(os.sep, "/")
    drawn = {out.path: out.plot for stage in project.pipeline.stages for out in stage.outs}
    plot = Plot(path=path, content=Content(md5=None), options=drawn.get(path) or {})
    drawing = drawing_of(plot, data)
    if drawing.image is None:
        if drawing.problem and not drawing.rows:
            raise UsageError(
                f"branchline report asset: {file} cannot be drawn: {drawing.problem}",
                todo="CSV, TSV, JSON, YAML, Vega-Lite and images can.",
            )
        return asset_markdown(drawing)
    head = project.repo.head().commit
    held = project.repo.show(head, path) if head and not path.startswith("../") else None
    if head is None or held != data:
        raise UsageError(
            f"branchline report asset: {file} is an image that the newest commit does not hold as "
            "it is, so that no forge can show it",
            todo="Commit and push it first; or write its numbers into a CSV or JSON file, which "
            "becomes a chart without any image.",
        )
    url = next(filter(None, (image_url(remote, head, path) for remote in remotes)), "")
    if not url:
        note("note: no git remote is on the web; this path shows in files of the repository only")
    else:
        note(f"note: it shows once commit {head[:7]} is pushed, to those who may read there")
    return asset_markdown(drawing, url=url or quoted(path))


def _bytes(file: str) -> bytes:
    try:
        with open(file, "rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"branchline report asset: {file} cannot be read: {error.strerror}",
            todo="Name a plot or an image: CSV, TSV, JSON, YAML, PNG, SVG, ...",
        ) from None
    if len(data) > _MOST_BYTES:
        raise UsageError(
            f"branchline report asset: {file} is larger than {_MOST_BYTES // 1_000_000} MB",
            todo="Name a smaller file.",
        )
    return data
