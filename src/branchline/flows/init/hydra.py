"""Applications whose configuration Hydra composes: groups, defaults, run folders. Serves `init`.

Composes as far as the files tell, with Hydra's rules for the defaults list; never imports Hydra.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.flows.init.guess import About, Certainty, Question
from branchline.flows.init.references import resolved
from branchline.flows.init.touched import Touched

if TYPE_CHECKING:
    from branchline.flows.init.guess import Look
    from branchline.flows.init.script import Script
    from branchline.flows.init.started import Started
    from branchline.flows.init.view import View

__all__ = ["Application", "composed", "hydra_command", "in_run_folder"]

RUN_FOLDER = "outputs/run"
_PACKAGE = re.compile(r"#\s*@package\s+(\S+)")


@dataclass(slots=True)
class Application:
    """A Hydra application, as far as its files tell.

    Attributes:
        folder: Its configuration, from the root.
        values: What is composed with the defaults.
        groups: Choices of each group of the folder.
        missing: Dotted keys whose value is `???`.
        targets: Files of the repository that `_target_` names.
        changes_folder: Whether the job runs in a folder that is new each time.
        is_multirun: Whether it sweeps by itself.
        uses_run_folder: Whether it writes into the folder that Hydra makes for each run.
        is_decorated: Whether its command line changes values.
        as_a_whole: Its folder, where something else than YAML lies in it.
    """

    folder: str
    values: dict[str, object] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    changes_folder: bool = False
    is_multirun: bool = False
    uses_run_folder: bool = False
    is_decorated: bool = True
    as_a_whole: tuple[str, ...] = ()


def composed(view: View, script: Script, look: Look) -> Application | None:
    """The application that a script is; None when it uses no Hydra."""
    if script.hydra is None:
        return None
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(script.path), script.hydra.folder))
    if folder.startswith("..") or not view.has_folder(folder):
        return None
    made = Application(folder="" if folder == "." else folder)
    name = script.hydra.name or "config"
    main = _file(view, made.folder, name)
    look.saw(About.LAYOUT, f"a Hydra application, configured in {folder}", Certainty.READ,
             script.path, script.hydra.line)  # fmt: skip
    if main is None:
        look.unknowns.append(
            f"{script.path}:{script.hydra.line}: there is no {name}.yaml in {folder}; the"
            " configuration may be made in code."
        )
        return made
    below = [path for path in view.files if path.startswith(f"{made.folder}/")]
    if made.folder and not all(path.endswith((".yaml", ".yml")) for path in below):
        made.as_a_whole = (made.folder,)
    if script.hydra.overrides:
        look.unknowns.append(
            f"{script.path}:{script.hydra.line}: the code changes what Hydra composes, so paths in"
            " the configuration were not followed; `branchline init --check` sees them."
        )
        return made
    _compose(view, made, main, made.values, 0)
    made.groups = _groups(view, made.folder)
    made.missing = list(_missing(made.values, ""))
    made.is_decorated = script.hydra.is_decorated
    made.changes_folder = made.is_decorated and _changes_folder(view, script, made)
    hydra = made.values.get("hydra")
    made.is_multirun = isinstance(hydra, dict) and str(hydra.get("mode", "")).upper() == "MULTIRUN"
    made.values = resolved(made.values)
    made.targets = [
        path for target in _targets(made.values) if (path := _target_file(view, target)) is not None
    ]
    if made.groups:
        listed = "; ".join(f"{g}: {', '.join(c[:5])}" for g, c in list(made.groups.items())[:4])
        look.saw(About.PARAMETERS, f"groups of the configuration ({listed})", Certainty.DECLARED,
                 main, 1)  # fmt: skip
    return made


def hydra_command(start: Started, application: Application, look: Look) -> Started:
    """The command with what makes it run unattended, into a folder that is always the same."""
    if not application.is_decorated:
        return start
    words = [start.cmd]
    for key in application.missing:
        if f"{key}=" in start.cmd:
            continue
        hole = key.rpartition(".")[2].upper()
        answer = look.choose(
            Question(
                key=f"hydra.{key}",
                text=f"{application.folder}: the configuration needs {key} (???). Its value?",
                safe=hole,
                told=f"{application.folder}: the configuration needs {key} (it is ???); put its"
                f" value in the place of {hole} in the command.",
            )
        )
        words.append(f"{key}={answer}")
    if application.is_multirun:
        words.append("hydra.mode=RUN")
    if application.changes_folder or application.uses_run_folder:
        words.append(f"hydra.run.dir={RUN_FOLDER}")
        look.unknowns.append(
            "Hydra gives each run a folder named after the time; the command asks for"
            f" {RUN_FOLDER} instead, so that its outputs can be found."
        )
    return replace(start, cmd=" ".join(words))


def in_run_folder(script: Script, application: Application) -> Script:
    """The script with its paths from the root.

    The YAML files of its configuration are followed by the planner, by their values. Where another
    kind of file lies among them the whole folder is an input, as nobody knows who reads that.
    """

    def moved(item: Touched) -> Touched:
        path = item.path
        if path.startswith("@root"):
            return replace(item, path=path.removeprefix("@root").lstrip("/") or ".")
        if path.startswith("@run"):
            application.uses_run_folder = True
            return replace(item, path=posixpath.join(RUN_FOLDER, path[4:].lstrip("/")).rstrip("/"))
        if application.changes_folder and not path.startswith(("/", "~", "..")):
            return replace(item, path=posixpath.join(RUN_FOLDER, path))
        return item

    line = script.hydra.line if script.hydra is not None else 1
    own = [Touched(path=p, line=line, file=script.path) for p in application.as_a_whole]
    return replace(
        script,
        writes=tuple(moved(item) for item in script.writes),
        reads=(*own, *(moved(item) for item in script.reads)),
        measures=tuple(
            replace(m, target=moved(Touched(path=m.target, line=m.line)).path) if m.target else m
            for m in script.measures
        ),
    )


def _file(view: View, folder: str, name: str) -> str | None:
    for path in (name, f"{name}.yaml", f"{name}.yml"):
        place = posixpath.normpath(posixpath.join(folder, path))
        if place.endswith((".yaml", ".yml")) and view.has_file(place):
            return place
    return None


def _compose(view: View, made: Application, path: str, into: dict[str, object], depth: int) -> None:
    """Merge a file and what its defaults list names, `_self_` where it stands (else last)."""
    if depth > 6:
        return
    content = {key: item for key, item in view.mapping(path).items() if key != "defaults"}
    listed = view.mapping(path).get("defaults")
    folder = posixpath.dirname(path)
    done = False
    for item in listed if isinstance(listed, list) else ():
        if item == "_self_":
            _merge(into, content)
            done = True
        elif isinstance(item, str):
            inner = _file(view, folder, item) or _file(view, made.folder, item.lstrip("/"))
            if inner is not None:
                _compose(view, made, inner, into, depth + 1)
        elif isinstance(item, dict) and item:
            _choose(view, made, folder, item, into, depth)
    if not done:
        _merge(into, content)


def _choose(
    view: View,
    made: Application,
    folder: str,
    item: dict[object, object],
    into: dict[str, object],
    depth: int,
) -> None:
    group, choice = next(iter(item.items()))
    name = str(group).removeprefix("optional ").removeprefix("override ").strip()
    name, _, package = name.partition("@")
    if choice is None or not isinstance(choice, str) or name.startswith("hydra/"):
        if choice == "???":
            made.missing.append(name)
        return
    base = made.folder if name.startswith("/") else folder
    inner = _file(view, posixpath.join(base, name.lstrip("/")), choice)
    if inner is None:
        return
    match = _PACKAGE.search((view.text(inner) or "")[:300])
    where = package or (match[1] if match else name.strip("/").replace("/", "."))
    target = into
    if where not in ("_global_", "_here_"):
        for key in where.removeprefix("_global_.").split("."):
            found = target.setdefault(key, {})
            if not isinstance(found, dict):
                return
            target = found
    _compose(view, made, inner, target, depth + 1)


def _merge(into: dict[str, object], other: dict[str, object]) -> None:
    for key, item in other.items():
        known = into.get(key)
        if isinstance(known, dict) and isinstance(item, dict):
            _merge(known, item)
        else:
            into[key] = dict(item) if isinstance(item, dict) else item


def _groups(view: View, folder: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in view.names(folder):
        place = posixpath.join(folder, name)
        if name.startswith((".", "_")) or name == "hydra" or not view.has_folder(place):
            continue
        choices = [n.rpartition(".")[0] for n in view.names(place) if n.endswith((".yaml", ".yml"))]
        if choices:
            found[name] = tuple(choices)
    return found


def _missing(value: object, prefix: str) -> list[str]:
    if isinstance(value, dict):
        found = []
        for key, item in value.items():
            if key != "hydra" or prefix:
                found += _missing(item, f"{prefix}.{key}" if prefix else str(key))
        return found
    return [prefix] if value == "???" else []


def _targets(value: object) -> list[str]:
    if isinstance(value, dict):
        own = value.get("_target_")
        inner = [target for item in value.values() for target in _targets(item)]
        return [own, *inner] if isinstance(own, str) else inner
    if isinstance(value, list):
        return [target for item in value for target in _targets(item)]
    return []


def _target_file(view: View, target: str) -> str | None:
    """The file of the repository in which a `_target_` is defined."""
    parts = target.split(".")[:-1]
    while parts:
        for base in ("", "src"):
            path = posixpath.join(base, *parts) + ".py"
            if view.has_file(path):
                return path
        parts.pop()
    return None


def _changes_folder(view: View, script: Script, made: Application) -> bool:
    """Whether Hydra enters a folder of its own before the job: by its setting, else its version."""
    hydra = made.values.get("hydra")
    job = hydra.get("job") if isinstance(hydra, dict) else None
    said = job.get("chdir") if isinstance(job, dict) else None
    if isinstance(said, bool):
        return said
    line = view.text(script.path) or ""
    match = re.search(r"version_base\s*=\s*(?:[\"']([\d.]+)[\"']|(None))", line)
    if match is None:
        return True  # Hydra 1.3 then behaves as 1.1 did.
    return match[1] is not None and match[1] in ("1.1", "1.0")
