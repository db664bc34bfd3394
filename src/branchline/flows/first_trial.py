"""The trial of what is set, as an earlier run of the same search made it. Serves `trials`.

A search that goes on in a further job begins on a machine that holds no output. What is set would
be trained there again only to know what it reads; the earlier run kept both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.values import Observed
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.study import study_of
from branchline.ports.trials import TrialDone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.flows.project import Project
    from branchline.flows.reading import Reader
    from branchline.flows.search import Search
    from branchline.flows.tuned_params import TunedParams
    from branchline.ports.studies import Studies
    from branchline.ports.trials import TrialAsk


def kept_first(
    project: Project, asked: Search, params: TunedParams, studies: Studies, ask: TrialAsk
) -> TrialDone | None:
    """The trial of what is set; None unless it is surely that of this very search.

    Args:
        project: A working tree; its parameters are as they are set.
        asked: The search.
        params: Its parameters there.
        studies: Where trials are kept.
        ask: What would be asked for else.
    """
    reader = _reader(project, asked)
    for past in studies.past(objective=asked.words()):
        of_set = (k for k in past.trials if not k.trial.number and k.trial.params == ask.point)
        kept = next(of_set, None)
        if kept is None or not kept.trial.has_value:
            continue
        reads = (Observed(path=path, digest=digest) for path, digest in kept.read.items())
        # Equal identities mean equal code, data and parameters, and that what was read is as then.
        if not all(reader.holds(seen) for seen in reads):
            continue
        if study_of(project, asked, params, kept.read).identity == past.study.identity:
            return TrialDone(ask=ask, trial=kept.trial, read=kept.read)
    return None


def read_now(
    project: Project, asked: Search, params: TunedParams, read: Mapping[str, str]
) -> dict[str, str]:
    """What the first trial read; a file that the search writes counts as it is set.

    Args:
        project: A working tree; its parameters are as they are set.
        asked: The search.
        params: Its parameters there.
        read: Undeclared files -> digest, as in the trial.
    """
    own = [path for path in read if path in params.files]
    reader = _reader(project, asked) if own else None
    return {**read, **{path: reader.digest(path) or "" for path in own if reader}}


def _reader(project: Project, asked: Search) -> Reader:
    options = PlanOptions(targets=asked.stages, trust_elsewhere=False)
    return Planner(project, options).inputs.reader
