"""Adapter `metric_readers`: notebooks that were run; what their cells printed, showed, recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.adapters.metric_readers.lines import lines_in
from branchline.adapters.metric_readers.printed import said_in
from branchline.adapters.metric_readers.sources import whole
from branchline.core.evidence.flatten import number_of, paths_of, text_of
from branchline.core.evidence.found import Fit, Found
from branchline.core.evidence.written import name_of
from branchline.errors import DocumentError
from branchline.ports.metric_readers import MetricReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from branchline.ports.metric_readers import MetricSource

_MOST_BYTES = 128 << 20
_SCRAP = "application/scrapbook.scrap.json+json"
_RECORD = "application/papermill.record+json"


class Notebook(MetricReader):
    """A Jupyter notebook with its outputs."""

    name = "notebook"
    reads = "the outputs of a notebook: printed, shown as text, recorded by scrapbook or papermill"
    rule = (
        "What is recorded counts before what is printed under the same name; a cell that ended"
        " with an error leaves no metrics."
    )

    def fits(self, source: MetricSource, head: bytes) -> Fit:  # noqa: ARG002 # by its ending
        """See the port."""
        is_one = source.path.lower().endswith(".ipynb") and not source.is_folder
        return Fit.CERTAIN if is_one else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        from branchline.core.documents.json import read_json

        document = read_json(whole(source, _MOST_BYTES), file=source.path).value
        cells = document.get("cells") if isinstance(document, dict) else None
        if not isinstance(cells, list):
            raise DocumentError(f"{source.path}: it is no notebook of format 4: it has no `cells`")
        recorded: list[Found] = []
        printed: list[Found] = []
        for number, cell in enumerate(cells, start=1):
            outputs = cell.get("outputs") if isinstance(cell, dict) else None
            for output in outputs if isinstance(outputs, list) else ():
                if isinstance(output, dict):
                    _refuse_error(source, number, output)
                    recorded += _recorded(output, number)
                    printed += _printed(output, number)
        names = {item.name for item in recorded}
        return [*recorded, *(item for item in printed if item.name not in names)]


def _refuse_error(source: MetricSource, number: int, output: dict[str, object]) -> None:
    if output.get("output_type") == "error":
        said = f"{output.get('ename', 'error')}: {output.get('evalue', '')}"[:200]
        raise DocumentError(f"{source.path}: cell {number} ended with {said}")


def _recorded(output: dict[str, object], number: int) -> Iterator[Found]:
    data = output.get("data")
    for mime, content in data.items() if isinstance(data, dict) else ():
        if mime == _SCRAP and isinstance(content, dict) and "name" in content:
            values: object = {str(content["name"]): content.get("data")}
        elif mime == _RECORD:
            values = content
        else:
            continue
        for path, value in paths_of(values):
            yield Found(
                name=name_of(".".join(map(str, path))),
                value=number_of(value),
                text=text_of(value)[:100],
                place=f"cell {number}",
            )


def _printed(output: dict[str, object], number: int) -> Iterator[Found]:
    """What a cell printed or showed as text, by the rules of printed output."""
    if output.get("output_type") == "stream":
        shown: object = output.get("text")
    else:
        data = output.get("data")
        is_recorded = isinstance(data, dict) and bool({_SCRAP, _RECORD} & data.keys())
        shown = data.get("text/plain") if isinstance(data, dict) and not is_recorded else None
    if isinstance(shown, list):
        shown = "".join(str(part) for part in shown)
    if isinstance(shown, str):
        for item in said_in(lines_in(shown)):
            yield replace(item, place=f"cell {number}, {item.place}", step=None)
