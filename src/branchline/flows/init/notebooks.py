"""`init` in a repository that trains in a notebook: run headless by papermill or nbclient."""

from __future__ import annotations

import ast
import posixpath
import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.errors import PipelineError
from branchline.flows.init.candidates import fit_line, uses_learning
from branchline.flows.init.cells import cells_of
from branchline.flows.init.guess import About, Certainty, Question
from branchline.flows.init.script import read_script
from branchline.flows.init.scripts import model_of
from branchline.flows.init.started import Started

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.init.guess import Look
    from branchline.flows.init.quoted import Quoted
    from branchline.flows.init.script import Script
    from branchline.flows.init.view import View
    from branchline.generate.settings_file import FirstModel

__all__ = ["Notebook", "from_notebook", "rank_notebooks"]

_TRAINS = re.compile(r"(?i)train|model|fit|classif|regress|experiment")
_RUNNERS = ("papermill", "nbconvert", "nbclient")
_NAMING = ("requirements.txt", "requirements-dev.txt", "pyproject.toml", "environment.yml",
           "setup.cfg", "setup.py", "Pipfile")  # fmt: skip
_CLOSE = 2
_MOST_NOTEBOOKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A notebook that may train.

    Attributes:
        path: From the root.
        score: The higher, the likelier.
        line: Line of the file in which it fits a model; 1 where that was not seen.
        fits: Whether it was seen to.
        quoted: The command that runs it, where a file of the repository names one.
    """

    path: str
    score: float
    line: int
    fits: bool
    quoted: Quoted | None = None


def rank_notebooks(view: View, commands: Sequence[Quoted]) -> list[Notebook]:
    """All notebooks that may train, the likeliest first."""
    by_path = {quoted.script: quoted for quoted in reversed(commands) if quoted.script}
    found = []
    for path in view.named(".ipynb")[:_MOST_NOTEBOOKS]:
        tree = view.python(path)
        if tree is None:
            continue
        fits, line = fit_line(tree)
        quoted = by_path.get(path)
        score = (
            (3 if fits else 0)
            + (1 if uses_learning(tree) else 0)
            + (2 if _TRAINS.search(posixpath.basename(path)) else 0)
            + (3 if quoted is not None else 0)
            - 0.5 * path.count("/")
        )
        if fits or quoted is not None:
            found.append(Notebook(path=path, score=score, line=line, fits=fits, quoted=quoted))
    return sorted(found, key=lambda n: (-n.score, n.path))


def from_notebook(view: View, model: str, ranked: Sequence[Notebook], look: Look) -> FirstModel:
    """What to say of a model that a notebook trains.

    Args:
        view: The repository's files.
        model: The model's name.
        ranked: Notebooks, the likeliest first; at least one.
        look: Gets what was found.

    Raises:
        PipelineError: It cannot be read.
    """
    notebook = _chosen(ranked, look)
    path = notebook.path
    look.saw(About.LAYOUT, "a notebook that fits a model", Certainty.READ, path, notebook.line)
    script = read_script(view, path)
    if script is None:
        raise PipelineError(
            f"{path} cannot be read as a notebook with Python code",
            todo="Mend it, or write branchline.yaml by hand with `stages:`.",
        )
    _note_parameters(view, path, look)
    folder = _folder(view, script)
    # No dot in the name: nbclient takes what follows one for an ending, and writes over `path`.
    stem = posixpath.splitext(posixpath.basename(path))[0].replace(".", "-")
    executed = posixpath.join(posixpath.dirname(path), f"{stem}-executed.ipynb")
    command = _command(view, notebook, executed, folder, look)
    script = _seen_from_root(script, folder)
    made = model_of(view, model, script, Started(cmd=command), look)
    (stage,) = made.stages
    stage = replace(stage, deps=(path, *stage.deps))
    if stage.printed:  # what a cell prints stands in the executed copy, not on the terminal
        kept = f"metrics in what it prints, kept as {stage.printed}"
        look.guesses[:] = [
            replace(g, sentence=f"metrics in what its cells print, kept in {executed}")
            if g.sentence == kept
            else g
            for g in look.guesses
        ]
        return replace(made, stages=(replace(stage, printed="", metrics=(executed,)),))
    return replace(made, stages=(replace(stage, outs=(*stage.outs, executed)),))


def _chosen(ranked: Sequence[Notebook], look: Look) -> Notebook:
    near = [n for n in ranked if ranked[0].score - n.score < _CLOSE]
    if len(near) == 1:
        for other in [n for n in ranked[1:] if n.fits][:3]:
            look.unknowns.append(
                f"{other.path}:{other.line} fits a model, too; {near[0].path} speaks more for"
                " itself. Name it under `stages:` if it belongs to the pipeline."
            )
        return near[0]
    paths = tuple(n.path for n in near[:6])
    answer = look.choose(
        Question(
            key="script",
            text="Which notebook trains the model?",
            answers=paths,
            safe=paths[0],
            told=f"There are more notebooks that fit a model: {', '.join(paths[1:4])}; {paths[0]}"
            " was taken. Give each a stage of its own under `stages:`.",
        )
    )
    return next(n for n in near if n.path == answer)


def _note_parameters(view: View, path: str, look: Look) -> None:
    cells = cells_of(view.read(path) or b"")
    if cells is None:
        return
    try:
        tree = ast.parse(cells.parameters)
    except SyntaxError:
        tree = ast.Module(body=[], type_ignores=[])
    names = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    if names:
        look.saw(About.PARAMETERS, f"a cell tagged `parameters`: {', '.join(names[:8])}",
                 Certainty.DECLARED, path, cells.parameters_line)  # fmt: skip
    else:
        look.saw(About.PARAMETERS, "no cell is tagged `parameters`: what may be turned stands in"
                 " its code", Certainty.READ, path, 1)  # fmt: skip


def _folder(view: View, script: Script) -> str:
    """The folder in which its paths are meant: its own, as Jupyter has it, unless all else fits."""
    own = posixpath.dirname(script.path)
    reads = [item.path for item in script.reads if not item.path.startswith(("/", "~"))]

    def hits(folder: str) -> int:
        return sum(view.exists(posixpath.normpath(posixpath.join(folder, p))) for p in reads)

    return "" if hits("") > hits(own) else own


def _seen_from_root(script: Script, folder: str) -> Script:
    """The same script with its paths from the root."""

    def moved(path: str) -> str:
        if path.startswith(("/", "~")):
            return path
        return posixpath.normpath(posixpath.join(folder, path))

    return replace(
        script,
        reads=tuple(replace(item, path=moved(item.path)) for item in script.reads),
        writes=tuple(replace(item, path=moved(item.path)) for item in script.writes),
        measures=tuple(
            replace(m, target=moved(m.target) if m.target else "") for m in script.measures
        ),
    )


def _command(view: View, notebook: Notebook, executed: str, folder: str, look: Look) -> str:
    """The command that runs it headless, with what the project has for that."""
    path, quoted = notebook.path, notebook.quoted
    runner, place = _runner(view)
    if quoted is not None and not quoted.has_holes and quoted.words[0] == "papermill":
        look.saw(About.COMMAND, f"the command: {shlex.join(quoted.words)}", Certainty.DECLARED,
                 quoted.path, quoted.line)  # fmt: skip
        runner = "papermill"
        given = [w for w in quoted.arguments if not w.endswith(".ipynb")]
    else:
        given = []
        if place is not None:
            look.saw(About.COMMAND, f"run headless by {runner}", Certainty.DECLARED, *place)
        else:
            look.unknowns.append(
                f"No file names what runs {path} headless; nbclient (`jupyter execute`) is used:"
                " pip install nbclient ipykernel."
            )
    if runner == "papermill":
        where = ["--cwd", folder] if folder and "--cwd" not in given else []
        return shlex.join(["papermill", path, executed, *where, *given])
    if runner == "nbconvert":
        name = posixpath.basename(executed)
        return shlex.join(["jupyter", "nbconvert", "--to", "notebook", "--execute", path,
                           "--output", name])  # fmt: skip
    name = posixpath.splitext(posixpath.basename(executed))[0]
    return shlex.join(["jupyter", "execute", path, f"--output={name}"])


def _runner(view: View) -> tuple[str, tuple[str, int] | None]:
    for name in _RUNNERS:
        for path in _NAMING:
            for number, line in enumerate((view.text(path) or "").splitlines(), 1):
                if re.search(rf"(?<![\w-]){name}(?![\w-])", line):
                    return name, (path, number)
    return "nbclient", None
