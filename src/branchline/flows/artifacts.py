"""What a run left, laid out by its short hash: the model's files and the metric files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.pipeline import Content
    from branchline.core.plan.values import Result
    from branchline.ports.artifacts import Artifacts


def lay_out_run(
    artifacts: Artifacts,
    results: Sequence[Result],
    *,
    run: str,
    read: Callable[[str], bytes | None],
) -> tuple[str, str]:
    """Lay a run out as `artifacts/RUN` and `metrics/RUN`.

    Args:
        artifacts: Where.
        results: Of all stages, reused ones too.
        run: Id of the run.
        read: Bytes of a file of the working tree, for what git keeps and the store does not.

    Returns:
        The two folders, absolute.

    Raises:
        StoreError: An output is neither in the store nor in the working tree.
    """
    kept: dict[str, Content | bytes] = {}
    measured: dict[str, Content | bytes] = {}
    for result in results:
        for out in result.outs:
            place = measured if out.kind in ("metric", "plot") else kept
            data = None if out.cached else read(out.path)
            place[out.path] = out.content if data is None else data
    return artifacts.lay_out("artifacts", run, kept), artifacts.lay_out("metrics", run, measured)
