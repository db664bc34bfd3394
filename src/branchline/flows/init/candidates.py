"""Which file trains: every script of a repository, with what speaks for and against it.

Serves `init`. A score is only an order; what it rests on is told to the user.
"""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.flows.init.options import callee

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.init.quoted import Quoted
    from branchline.flows.init.view import View

__all__ = ["Candidate", "fit_line", "rank_scripts", "starts_something", "uses_learning"]

_TRAINS = re.compile(r"(?<![a-z])(?:train|training|trainer|fit|finetune|fine_tune)(?![a-z])")
_STARTS = re.compile(
    r"(?<![a-z])(?:main|run|experiment|pipeline|model|classifier|regressor)(?![a-z])"
)
_OTHER = re.compile(
    r"(?<![a-z])(?:test|tests|eval|evaluate|evaluation|predict|prediction|infer|inference|serve|app"
    r"|api|plot|plots|download|preprocess|preprocessing|prepare|setup|conftest|utils|helpers|noxfile"
    r"|demo|visualize|visualise|dashboard|streamlit|deploy|benchmark|config|dataset|data|conf"
    r"|score|metrics|features|featurize|export|convert)(?![a-z])"
)
_FITTING = {
    "fit",
    "fit_generator",
    "train",
    "backward",
    "fit_transform",
    "train_model",
    "partial_fit",
}
_TRAINERS = {"Trainer", "LightningCLI", "Seq2SeqTrainer", "SFTTrainer", "GridSearchCV", "Learner"}
_LIBRARIES = {
    "catboost", "fastai", "flax", "jax", "keras", "lightgbm", "lightning", "pytorch_lightning",
    "sklearn", "statsmodels", "tensorflow", "torch", "transformers", "xgboost", "mlflow", "timm",
}  # fmt: skip
_CELLS = re.compile(r"(?m)^# (?:%%|\+)|^#\s+(?:jupytext|kernelspec):")
_MOST_HEAD = 4000
_MOST_SCRIPTS = 300
_NOT_HERE = {"tests", "test", "docs", "doc", "examples", "notebooks"}
ENOUGH = 4
"""Score from which a script may train: a telling name, or a command and a fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A script that may train.

    Attributes:
        path: From the root.
        score: The higher, the likelier.
        line: The line that speaks most for it.
        why: What that line is.
        fits: Whether it was seen to fit a model.
        quoted: The command that starts it, where a file of the repository names one.
    """

    path: str
    score: float
    line: int
    why: str
    fits: bool
    quoted: Quoted | None = None


def rank_scripts(view: View, commands: Sequence[Quoted]) -> list[Candidate]:
    """All scripts that may train, the likeliest first."""
    by_script: dict[str, list[Quoted]] = {}
    for quoted in commands:
        if quoted.script and not {"-h", "--help"} & set(quoted.words):
            by_script.setdefault(quoted.script, []).append(quoted)
    found = []
    for path in view.named(".py")[:_MOST_SCRIPTS]:
        elsewhere = _NOT_HERE & set(posixpath.dirname(path).split("/"))
        is_told = path in by_script or (elsewhere == {"notebooks"} and _has_cells(view, path))
        if elsewhere and not is_told:
            continue
        candidate = _scored(view, path, by_script.get(path, ()))
        if candidate is not None and candidate.score >= ENOUGH:
            found.append(candidate)
    return sorted(found, key=lambda c: (-c.score, c.path.count("/"), c.path))


def _has_cells(view: View, path: str) -> bool:
    """Whether a script is a notebook as text: cells below `# %%`, or Jupytext's header."""
    return bool(_CELLS.search((view.text(path) or "")[:_MOST_HEAD]))


def _scored(view: View, path: str, commands: Sequence[Quoted]) -> Candidate | None:
    tree = view.python(path)
    stem = posixpath.splitext(posixpath.basename(path))[0].lower()
    name = _name_score(stem)
    if tree is None:
        # A training script that cannot be parsed is an error to tell, not a file to overlook.
        whole = stem == "train"
        return (
            Candidate(path=path, score=ENOUGH, line=1, why="its name", fits=False)
            if whole
            else None
        )
    quoted = _best(commands)
    fit, line = fit_line(tree)
    libraries = uses_learning(tree)
    starts = starts_something(tree)
    folders = posixpath.dirname(path).lower().split("/")
    in_training = any(_TRAINS.search(folder) for folder in folders)
    if not starts and quoted is None and stem != "train":
        return None  # a module that others import
    score = (
        name
        + (4 if quoted is not None and name >= 0 else 1 if quoted is not None else 0)
        + (1 if quoted is not None and (quoted.rank <= 1 or _is_for_training(quoted)) else 0)
        + (3 if fit else 0)
        + (1 if libraries else 0)
        + (1 if starts else 0)
        + (1 if fit and _has_cells(view, path) else 0)
        + (1 if in_training else 0)
        - 0.5 * path.count("/")
    )
    if not fit and not libraries and name < 3 and quoted is None:
        return None
    if quoted is not None:
        why = f"{quoted.path}:{quoted.line} starts it"
    elif fit:
        why = "it fits a model"
    else:
        why = "its name"
    return Candidate(path=path, score=score, line=line if fit else 1, why=why, fits=fit,
                     quoted=quoted)  # fmt: skip


def _is_for_training(quoted: Quoted) -> bool:
    """Whether it is an installed program that is called so."""
    return bool(quoted.starts) and "train" in quoted.label.lower()


def _name_score(stem: str) -> float:
    if stem == "train":
        return 6
    if _TRAINS.search(stem):
        return 5
    if _OTHER.search(stem):
        return -5
    return 3 if _STARTS.search(stem) else 0


def _best(commands: Sequence[Quoted]) -> Quoted | None:
    """The command to take: whole ones first, the telling places, then the shortest."""
    ordered = sorted(commands, key=lambda q: (q.has_holes, q.rank, len(q.words), q.line))
    return ordered[0] if ordered else None


def fit_line(tree: ast.Module) -> tuple[bool, int]:
    """Whether code fits a model, and on which line; line 1 where it does not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name, owner = callee(node.func)
            is_method = isinstance(node.func, ast.Attribute)
            if name in _TRAINERS or (name in _FITTING and is_method and (owner or name != "train")):
                return True, node.lineno
    return False, 1


def uses_learning(tree: ast.Module) -> bool:
    """Whether code imports a library that learns."""
    from branchline.flows.init.script import imports_of

    return bool(_LIBRARIES & set(imports_of(tree)))


def starts_something(tree: ast.Module) -> bool:
    """Whether running the file does something: a guard, or calls at the top level."""
    for node in tree.body:
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return True
        if isinstance(node, ast.For | ast.With | ast.While):
            return True
        if isinstance(node, ast.Assign) and fit_line(ast.Module([node], []))[0]:
            return True
    return False
