"""From a look at a repository to a branchline.yaml, with the evidence for every line of it.

The arbiter: it asks the detectors in order of certainty (what the repository declares, what its
code says, what its names suggest) and takes the first answer. Writes and runs nothing.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import PipelineError
from branchline.flows.init.around import checks_of, note_environment, note_tracked_data
from branchline.flows.init.candidates import rank_scripts
from branchline.flows.init.chains import Neighbours
from branchline.flows.init.guess import About, Certainty, Guess, Look, Question
from branchline.flows.init.kedro import from_kedro, is_kedro
from branchline.flows.init.notebooks import from_notebook, rank_notebooks
from branchline.flows.init.pipelines import from_pipelines, names_apart
from branchline.flows.init.programs import program_commands
from branchline.flows.init.quoted import quoted_commands
from branchline.flows.init.scripts import from_script
from branchline.flows.init.view import View
from branchline.generate.settings_file import FirstSettings, first_settings_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.flows.init.candidates import Candidate
    from branchline.generate.settings_file import FirstModel
    from branchline.ports.metric_readers import MetricReaders
    from branchline.ports.tree import Tree

__all__ = ["Proposal", "ordered", "propose", "text_of"]

_CLOSE = 2.0  # scripts whose scores differ by less are asked about
_MOST_MODELS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A branchline.yaml to write.

    Attributes:
        settings: What it says.
        text: The file.
        guesses: What it rests on, in the order of what they are about, the surest first.
        questions: Where a wrong guess would cost; each was answered, or its safe answer taken.
        unknowns: What could not be told, a sentence each, with what to do.
    """

    settings: FirstSettings
    text: str
    guesses: tuple[Guess, ...]
    questions: tuple[Question, ...]
    unknowns: tuple[str, ...]


def propose(
    tree: Tree,
    answers: Mapping[str, str] | None = None,
    *,
    tracked: frozenset[str] = frozenset(),
    readers: MetricReaders | None = None,
) -> Proposal:
    """Look at a repository and propose its branchline.yaml.

    Args:
        tree: The repository's files.
        answers: To questions of an earlier proposal, by their keys.
        tracked: Files that git holds: outputs among them stay in git.
        readers: What reads metrics: by them it is known how printed metrics will be called.

    Raises:
        DocumentError: dvc.yaml or a metrics file cannot be read.
        PipelineError: There is nothing that trains.
    """
    view = View(tree, tracked=tracked)
    look = Look(view=view, readers=readers, answers=dict(answers or {}))
    if view.is_cut:
        look.unknowns.append(
            f"There are more files than `init` looks at ({len(view.files)} were seen); what lies"
            " deeper was not considered."
        )
    models = _models(view, look)
    settings = FirstSettings(models=models, checks=checks_of(view, look))
    note_tracked_data(view, look)
    note_environment(view, look)
    return Proposal(
        settings=settings,
        text=text_of(settings),
        guesses=ordered(look.guesses),
        questions=tuple(look.asked),
        unknowns=tuple(dict.fromkeys(look.unknowns)),
    )


def text_of(settings: FirstSettings) -> str:
    """The file that says this."""
    return first_settings_text(settings)


def _models(view: View, look: Look) -> tuple[FirstModel, ...]:
    name = re.sub(r"[^a-z0-9]+", "-", posixpath.basename(view.root).lower()).strip("-") or "model"
    pipelines = [path for path in view.files if posixpath.basename(path) == "dvc.yaml"]
    if pipelines:
        return from_pipelines(view, name, pipelines, look)
    if is_kedro(view):
        return (from_kedro(view, name, look),)
    commands = [*quoted_commands(view), *program_commands(view)]
    ranked = rank_scripts(view, commands)
    neighbours = Neighbours(view, commands)
    if ranked:
        chosen = _chosen(ranked, look)
        if len(chosen) == 1:
            return (from_script(view, name, chosen[0], neighbours, look),)
        names = names_apart([_label(candidate) for candidate in chosen])
        return tuple(
            from_script(view, own, candidate, neighbours, look)
            for own, candidate in zip(names, chosen[:_MOST_MODELS], strict=False)
        )
    notebooks = rank_notebooks(view, commands)
    if notebooks:
        return (from_notebook(view, name, notebooks, look),)
    raise PipelineError(
        "nothing here was seen to train a model: no dvc.yaml, no script that fits one, no notebook",
        todo='Write branchline.yaml yourself: `model: NAME` and `train: "python FILE.py"`.',
    )


def _chosen(ranked: Sequence[Candidate], look: Look) -> list[Candidate]:
    """The script to train with; several where each is a model in a folder of its own."""
    first = ranked[0]
    near = [c for c in ranked if first.score - c.score < _CLOSE]
    apart = _apart(near)
    if len(apart) > 1:
        for candidate in apart[:_MOST_MODELS]:
            look.saw(About.LAYOUT, f"one of {len(apart)} models with code of its own",
                     Certainty.READ, candidate.path, candidate.line)  # fmt: skip
        return apart
    if len(near) > 1:
        paths = tuple(c.path for c in near[:6])
        answer = look.choose(
            Question(
                key="script",
                text="Which script trains the model?",
                answers=paths,
                safe=first.path,
                told=f"There are more scripts that may train: {', '.join(paths[1:4])}; "
                f"{first.path} was taken. Give each a stage of its own under `stages:`, or a model"
                " of its own under `models:`.",
            )
        )
        return [c for c in near if c.path == answer]
    for other in [c for c in ranked[1:] if c.fits][:3]:
        look.unknowns.append(
            f"{other.path}:{other.line} fits a model, too; {first.path} speaks more for itself."
            " Name it under `stages:` if it belongs to the pipeline."
        )
    return [first]


def _apart(near: Sequence[Candidate]) -> list[Candidate]:
    """Scripts of one kind in folders of their own: `churn/train.py` beside `fraud/train.py`."""
    by_folder: dict[str, Candidate] = {}
    for candidate in near:
        by_folder.setdefault(posixpath.dirname(candidate.path), candidate)
    names = {posixpath.basename(c.path) for c in by_folder.values()}
    depths = {folder.count("/") for folder in by_folder}
    is_apart = len(by_folder) > 1 and "" not in by_folder and len(names) == 1 == len(depths)
    ordered = sorted(by_folder.values(), key=lambda c: c.path)
    return ordered if is_apart and len(by_folder) == len(near) else []


def _label(candidate: Candidate) -> str:
    """The folder that names a model: `services/churn/src/train.py` -> services/churn."""
    folder = posixpath.dirname(candidate.path)
    while posixpath.basename(folder) in ("src", "code", "scripts", "training", "train"):
        folder = posixpath.dirname(folder)
    return folder


def ordered(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Each guess once, in the order of what guesses are about."""
    order = {about: number for number, about in enumerate(About)}
    once = dict.fromkeys(guesses)
    return tuple(sorted(once, key=lambda guess: order[guess.about]))
