"""Finding one metric by the name that a person wrote.

`auc` names the metric `auc` of whatever file has it; `reports/b.json:auc` the one of that file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.values import Metric
from branchline.core.policy import MODEL_SIZE

if TYPE_CHECKING:
    from branchline.core.evidence.measured import Measured
    from branchline.core.evidence.values import Evidence

_MOST_UNREAD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a name led to.

    Attributes:
        metric: The metric; None when there is none, or several that disagree.
        problem: Why there is none, as the rest of a sentence that begins with the name.
    """

    metric: Metric | None
    problem: str = ""


def find_metric(evidence: Evidence, name: str) -> Found:
    """The metric of a name; says which name is nearest, or which files disagree, where none is.

    Args:
        evidence: Of one run.
        name: `val.auc` or `file:val.auc`.
    """
    matches = [m for m in evidence.metrics if name in (m.name, f"{m.file}:{m.name}")]
    inside = [m.name for m in evidence.metrics if m.name.startswith(f"{name}.")]
    if not matches and inside:
        parts = ", ".join(f"`{part}`" for part in inside[:3])
        more = f" and {len(inside) - 3} more" if len(inside) > 3 else ""
        return Found(metric=None, problem=f"is no single number, it holds {parts}{more}")
    measured = evidence.measure(name)
    if not matches and measured is not None:
        return Found(metric=as_metric(measured))
    if not matches and name.startswith("latency."):
        return Found(metric=None, problem="was measured by no test (see the fixture `latency`)")
    if not matches and name == MODEL_SIZE:
        problem = "is not known: name the model in branchline.yaml, registry: {paths: [...]}"
        return Found(metric=None, problem=problem)
    if not matches:
        problem = f"is not among the metrics; {_hint(name, evidence)}"
        unread = [sentence.removesuffix(".") for sentence in evidence.unread[:_MOST_UNREAD]]
        return Found(metric=None, problem="; ".join([problem, *unread]))
    if len({(m.value is None, m.text) for m in matches}) > 1:
        files = ", ".join(f"`{m.file}:{m.name}` = {m.text}" for m in matches)
        return Found(metric=None, problem=f"stands in several files with different values: {files}")
    return Found(metric=matches[0])


def as_metric(measured: Measured) -> Metric:
    """What was measured as a metric without a file."""
    value = measured.value
    number = int(value) if value.is_integer() else value
    return Metric(name=measured.name, value=number, text=f"{number}", file="", stage="")


def _hint(name: str, evidence: Evidence) -> str:
    """What was probably meant; what there is where no name is like it."""
    known = [metric.name for metric in evidence.metrics]
    if not known:
        return "this run has no metrics"
    near = nearest_name(name, known)
    if near:
        return f"the nearest name is `{near}`"
    more = f" and {len(known) - 3} more" if len(known) > 3 else ""
    return "there are " + ", ".join(f"`{known_name}`" for known_name in known[:3]) + more


def nearest_name(name: str, known: list[str]) -> str:
    """The known name that was probably meant: same last part first, then by spelling; "" for none.

    >>> nearest_name("auc", ["loss", "val.auc"])
    'val.auc'
    >>> nearest_name("acuracy", ["loss", "accuracy"])
    'accuracy'
    """
    import difflib

    if not known:
        return ""
    last = name.rpartition(".")[2].lower()
    same = [candidate for candidate in known if candidate.rpartition(".")[2].lower() == last]
    return (same or difflib.get_close_matches(name, known, n=1, cutoff=0.5) or [""])[0]
