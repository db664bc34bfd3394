"""A generated repository, the truth about it, and the judgement of what `init` wrote for it.

What is judged is the written file, read by the reader that `branchline run` uses.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from branchline.core.changes.values import Meaning
    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import Policy
    from branchline.flows.init import Proposal

OUTCOMES = ("right", "asked", "said", "wrong", "silent")
THINGS = ("command", "parameters", "data", "model", "metrics file", "gate")
SEED = 7


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is right for one model; paths from the root.

    Attributes:
        commands: Command lines that start its training rightly, any of them.
        wdir: Where that runs.
        name: Of the model in branchline.yaml; "" where there is only one.
        model: The file or folder that holds the model; "" where that is only known when it runs.
        metrics: The file of its metrics; "printed" where it prints them; "" where only the run
            knows their place.
        gate: Metrics that can be judged, with `maximize` or `minimize`; empty where nobody can say.
        tolerated: How much a metric may lose, where that is not the rule.
        params: Files of parameters that it reads.
        data: Files or folders that it reads.
        asked: Whether it does not start without an answer.
        grows: Whether its metrics file holds lines of earlier runs, which must stay.
    """

    commands: tuple[str, ...]
    wdir: str = "."
    name: str = ""
    model: str = ""
    metrics: str = ""
    gate: Mapping[str, str] = field(default_factory=dict)
    tolerated: Mapping[str, float] = field(default_factory=dict)
    params: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    asked: bool = False
    grows: bool = False

    @property
    def script(self) -> str:
        """The file that its command starts."""
        words = self.commands[0].split()
        return next((word for word in words if word.endswith((".py", ".ipynb"))), words[-1])


@dataclass(frozen=True, kw_only=True)
class Case:
    """One repository.

    Attributes:
        layout: `dvc`, ...
        axes: What it is of each thing that varies.
        files: What git holds, by path.
        truths: One for each model.
        beside: Files that lie there and that git does not hold.
        needs: Modules that its training imports; None where it is not meant to be run.
        ends: What `branchline run` exits with: 0 passed, 4 unknown.
        values: Metrics that its run must read.
    """

    layout: str
    axes: Mapping[str, str]
    files: Mapping[str, str]
    truths: tuple[Truth, ...]
    beside: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] | None = None
    ends: int = 0
    values: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is, in words."""
        return " | ".join(self.axes.values())


def chosen(
    layout: str,
    axes: Mapping[str, Sequence[str]],
    made: Callable[[dict[str, str]], Case | None],
    most: int,
) -> list[Case]:
    """The cases of a layout: so many of all combinations, drawn with a fixed seed.

    Args:
        layout: Its name.
        axes: What varies, with its values.
        made: Makes a case; None where the combination makes no sense.
        most: How many at most.
    """
    draw = random.Random(f"{SEED}:{layout}")
    found: dict[str, Case] = {}
    for _ in range(60 * most):
        if len(found) == most:
            break
        case = made({axis: draw.choice(values) for axis, values in axes.items()})
        if case is not None:
            found.setdefault(case.name, case)
    return list(found.values())


def written(case: Case, folder: str) -> None:
    """Make the repository."""
    for path, text in {**case.files, **case.beside}.items():
        place = os.path.join(folder, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)


def judged(case: Case, folder: str) -> dict[str, str]:
    """What was found of each thing, in the words of `OUTCOMES`.

    `said`: it is not in the file, and a sentence names it. `wrong`: something else is in the file.
    `silent`: it is not in the file, and no sentence says so.
    """
    from branchline.adapters.folder import FolderTree
    from branchline.config.branchline_yaml import load_policy
    from branchline.config.pipeline import load_pipeline
    from branchline.flows.init import propose
    from branchline.wiring.readers import metric_readers

    written(case, folder)
    proposal = propose(FolderTree(folder), tracked=frozenset(case.files), readers=metric_readers())
    config = load_policy(proposal.text.encode())
    outcomes: dict[str, str] = {}
    models = {model.policy.model: model for model in config.models}
    if len(models) != len(case.truths):
        return dict.fromkeys(THINGS, "asked" if _asked(proposal, "script") else "wrong")
    for truth in case.truths:
        model = models.get(truth.name) if truth.name else config.models[0]
        if model is None:
            return dict.fromkeys(THINGS, "wrong")
        pipeline = load_pipeline(folder, model.source)
        found = dict(_of_model(folder, truth, proposal, pipeline, model.policy))
        is_open = found["command"] == "asked" and _asked(proposal, "script")
        others = [text for text in proposal.unknowns if "fits a model, too" in text]
        if found["command"] == "wrong" and any(truth.script in text for text in others):
            found = dict.fromkeys(found, "said")  # another one was taken, and this one is named
        for thing, outcome in found.items():
            # Where it is asked which script it is, another answer is another script.
            own = "asked" if is_open and outcome != "right" else outcome
            outcomes[thing] = max(outcomes.get(thing, "right"), own, key=OUTCOMES.index)
    return outcomes


def _of_model(
    folder: str, truth: Truth, proposal: Proposal, pipeline: Pipeline, policy: Policy
) -> Iterator[tuple[str, str]]:
    from branchline.core.pipeline import OutKind

    said = " ".join(proposal.unknowns)
    stages = [s for s in pipeline.stages if " && ".join(s.cmd) in truth.commands]
    if truth.asked:
        asked = any(_asked(proposal, key) for key in ("option.", "argv.", "hydra."))
        yield "command", "asked" if asked else "silent"
    else:
        is_right = len(stages) == 1 and (stages[0].wdir or ".") == truth.wdir
        yield (
            "command",
            "right" if is_right else ("asked" if _asked(proposal, "script") else "wrong"),
        )
    outs = [out.path for stage in pipeline.stages for out in stage.outs]
    files = [
        out.path for stage in pipeline.stages for out in stage.outs if out.kind is OutKind.METRIC
    ]
    files += [path for path in pipeline.metrics if path not in files]
    read = [dep.path for stage in pipeline.stages for dep in stage.deps]
    params = [p.path for stage in pipeline.stages for p in stage.params]
    params += _followed(folder, pipeline)
    yield (
        "parameters",
        _worst(
            "right" if path in (*params, *read) else "said" if path in said else "silent"
            for path in truth.params
        ),
    )
    yield "data", _worst(
        "wrong" if path in outs and path not in read
        else "right" if any(_is_at(item, path) for item in read)
        else "said" if path in said or "which data it reads" in said else "silent"
        for path in truth.data
    )  # fmt: skip
    words = ("was not seen to write a model", "so it is not among the outputs")
    rest = [path for path in outs if path not in files]
    yield "model", _found(truth.model, rest, said, words, is_whole=False)
    words = ("was not seen to write metrics", "is not said in the code", "is not here yet",
             "in a form that is not read", "Which metrics go to", "plain file of metrics",
             "keeps a file for each run", "not always")  # fmt: skip
    place = next((p for p in files if p.endswith(".log")), "") if truth.metrics == "printed" else (
        truth.metrics
    )  # fmt: skip
    kept = {out.path for stage in pipeline.stages for out in stage.outs if out.persist}
    outcome = _found(place, files, said, words, is_whole=True)
    is_lost = outcome == "right" and (place in kept) is not truth.grows
    yield "metrics file", "wrong" if is_lost else outcome
    rules = {rule.name: rule for rule in policy.gate.metrics}
    gate = {name: rule.goal.value for name, rule in rules.items()}
    tolerated = all(
        rules[name].max_regression == share
        for name, share in truth.tolerated.items()
        if name in rules
    )
    if gate == dict(truth.gate) and tolerated:
        yield "gate", "right" if gate else "said" if any(w in said for w in words) else "silent"
    elif gate:
        yield "gate", "wrong"
    elif any(q.key.startswith("goal.") for q in proposal.questions):
        yield "gate", "asked"
    else:
        sure = (*words, "# gate:" if "# gate:" in proposal.text else words[0])
        yield "gate", "said" if any(w in said + proposal.text for w in sure) else "silent"


class _Files:
    """The files of a case, for the planner's way from a command to what it reaches."""

    def __init__(self, root: str) -> None:
        self.root = root

    def is_file(self, path: str) -> bool:
        return os.path.isfile(os.path.join(self.root, path))

    def is_dir(self, path: str) -> bool:
        return os.path.isdir(os.path.join(self.root, path))

    def names(self, path: str) -> list[str] | None:
        place = os.path.join(self.root, path)
        return sorted(os.listdir(place)) if os.path.isdir(place) else None

    def meaning(self, path: str) -> Meaning | None:
        from branchline.core.changes.meaning import meaning_of
        from branchline.core.policy import ChangeRules

        if not self.is_file(path):
            return None
        with open(os.path.join(self.root, path), "rb") as file:
            return meaning_of(path, file.read(), ChangeRules())


def _followed(folder: str, pipeline: Pipeline) -> list[str]:
    """Files that count though nobody names them: the planner follows code to them."""
    from branchline.core.changes.closure import closure_of
    from branchline.core.changes.entries import entries_of
    from branchline.core.policy import ChangeRules

    entries = [
        e for stage in pipeline.stages for line in stage.cmd for e in entries_of(line, stage.wdir)
    ]
    return [file.path for file in closure_of(entries, _Files(folder), ChangeRules()).files]


def _found(
    place: str, there: Sequence[str], said: str, words: Sequence[str], *, is_whole: bool
) -> str:
    if place and (list(there) == [place] if is_whole else any(_is_at(p, place) for p in there)):
        return "right"
    if is_whole and there and place not in there:
        return "wrong"
    if any(word in said for word in words):
        return "said"
    return "silent" if not place or not there else "wrong"


def _is_at(path: str, place: str) -> bool:
    return path == place or place.startswith(f"{path}/")


def _asked(proposal: Proposal, key: str) -> bool:
    return any(question.key.startswith(key) for question in proposal.questions)


def _worst(outcomes: Iterator[str]) -> str:
    return max(outcomes, key=OUTCOMES.index, default="right")
