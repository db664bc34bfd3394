"""Templates into stages: references resolved, paths found from the root, flags read.

Serves `dvc_yaml`. Every problem is noted with its line; a stage with a problem is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.expressions import ExpressionError, text_of
from branchline.config.grammar import META, PLOT_FLAGS
from branchline.config.params import DEFAULT_FILE
from branchline.config.paths import holds_root, located
from branchline.config.problems import kind_of
from branchline.config.templating import RESERVED
from branchline.core.pipeline import Dep, Out, OutKind, ParamsDep, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.config.expansion import Template
    from branchline.config.problems import Problems
    from branchline.config.templating import Context
    from branchline.core.documents.document import Document

_KINDS = (("outs", OutKind.DATA), ("metrics", OutKind.METRIC), ("plots", OutKind.PLOT))


class StageBuilder:
    """Makes the stages of one file.

    Args:
        document: The file.
        folder: Where its paths start, from the root.
        root: Absolute path of the repository, to recognise absolute paths inside it.
        values_of: Gives the values of a parameter file, from the root; None when missing.
        problems: Takes what is wrong.
    """

    def __init__(
        self,
        document: Document,
        *,
        folder: str,
        root: str,
        values_of: Callable[[str], Mapping[Any, Any] | None],
        problems: Problems,
    ) -> None:
        self.document = document
        self.folder = folder
        self.root = root
        self.values_of = values_of
        self.problems = problems

    def build(self, template: Template) -> Stage | None:
        """One stage, or None when something of it is wrong."""
        before = len(self.problems)
        body, path = template.body, template.path
        wdir = self._wdir(template)
        context = self._with_vars(template, wdir)
        if context is None:
            return None
        fields = {
            key: self._resolved(context, value, (*path, key), template.name)
            for key, value in body.items()
            if key not in ("vars", "wdir", "meta", "desc")
        }
        if len(self.problems) > before:
            return None
        cmd = self._cmd(fields["cmd"], (*path, "cmd"))
        deps = self._deps(fields.get("deps") or [], wdir, (*path, "deps"))
        params = self._params(fields.get("params") or [], wdir, (*path, "params"))
        outs = self._outs(fields, wdir, path)
        if len(self.problems) > before:
            return None
        file = self.document.file
        return Stage(
            name=template.name,
            address=template.name if self.folder == "." else f"{file}:{template.name}",
            cmd=cmd,
            cmd_is_list=isinstance(fields["cmd"], list),
            wdir=wdir,
            deps=deps,
            params=params,
            outs=outs,
            frozen=bool(fields.get("frozen", False)),
            always_changed=bool(fields.get("always_changed", False)),
            file=file,
            line=self.document.line_of(path[:-1] if path[-1] == "do" else path),
            desc=self._desc(context, body.get("desc"), (*path, "desc")),
        )

    def note(self, path: tuple[str | int, ...], text: str, stage: str = "") -> None:
        """Note a problem at a place of the file."""
        name = ".".join(str(step) for step in path)
        of = f" (stage {stage})" if "@" in stage else ""
        self.problems.add(self.document, path, f"{name}: {text}{of}")

    def _wdir(self, template: Template) -> str:
        spelled = template.body.get("wdir")
        if not spelled:
            return self.folder
        path = (*template.path, "wdir")
        try:
            text = text_of(template.context.resolve(spelled, key="wdir"))
        except ExpressionError as error:
            self.note(path, str(error), template.name)
            return self.folder
        wdir, outside = located(self.folder, text, root=self.root)
        if outside:
            self.note(path, f"{text!r} lies outside the repository; name a folder inside it")
        return wdir

    def _with_vars(self, template: Template, wdir: str) -> Context | None:
        entries = template.body.get("vars")
        if not entries:
            return template.context
        context = template.context.copy()
        reserved = RESERVED if template.generated else ()
        for index, entry in enumerate(entries):
            path = (*template.path, "vars", index)
            try:
                load_var(
                    context, entry, folder=wdir, values_of=self.values_of,
                    source=f"{template.name}.vars[{index}]", reserved=reserved,
                )  # fmt: skip
            except ExpressionError as error:
                self.note(path, str(error), template.name)
                return None
        return context

    def _resolved(
        self, context: Context, value: object, path: tuple[str | int, ...], stage: str
    ) -> Any:
        """A value with its references replaced; lists item by item, so that lines are exact."""
        if isinstance(value, list):
            return [self._resolved(context, v, (*path, i), stage) for i, v in enumerate(value)]
        try:
            key = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
            return context.resolve(value, key=key)
        except ExpressionError as error:
            self.note(path, str(error), stage)
            return None

    def _desc(self, context: Context, value: object, path: tuple[str | int, ...]) -> str:
        return "" if value is None else text_of(self._resolved(context, value, path, ""))

    def _cmd(self, value: object, path: tuple[str | int, ...]) -> tuple[str, ...]:
        lines = value if isinstance(value, list) else [value]
        for index, line in enumerate(lines):
            if not isinstance(line, str):
                here = (*path, index) if isinstance(value, list) else path
                self.note(here, f"is {kind_of(line)} once resolved, must be text")
        return tuple(line for line in lines if isinstance(line, str))

    def _deps(self, items: list[object], wdir: str, path: tuple[str | int, ...]) -> tuple[Dep, ...]:
        deps = []
        for index, item in enumerate(items):
            if not isinstance(item, str) or not item:
                self.note((*path, index), f"is {kind_of(item)} once resolved, must be a path")
                continue
            where, external = located(wdir, item, root=self.root)
            deps.append(Dep(path=where, spelled=item, is_external=external))
        return tuple(deps)

    def _params(
        self, items: list[object], wdir: str, path: tuple[str | int, ...]
    ) -> tuple[ParamsDep, ...]:
        whole = {
            f for item in items if isinstance(item, dict) for f, keys in item.items() if not keys
        }
        files: dict[str, list[str]] = {}
        for index, item in enumerate(items):
            entries = item if isinstance(item, dict) else {DEFAULT_FILE: [item]}
            for file, keys in entries.items():
                known = files.setdefault(file, [])
                for key in keys or ():
                    if not isinstance(key, str):
                        self.note((*path, index), f"is {kind_of(key)} once resolved, must be a key")
                    elif file not in whole:
                        known.append(key)
        return tuple(
            ParamsDep(
                path=located(wdir, file, root=self.root)[0],
                spelled=file,
                keys=None if file in whole else tuple(keys),
            )
            for file, keys in files.items()
        )

    def _outs(
        self, fields: dict[str, Any], wdir: str, path: tuple[str | int, ...]
    ) -> tuple[Out, ...]:
        outs: list[Out] = []
        for section, kind in _KINDS:
            flags: dict[str, dict[str, Any]] = {}
            lines: dict[str, int] = {}
            for index, item in enumerate(fields.get(section) or []):
                here = (*path, section, index)
                entries = item if isinstance(item, dict) else {item: {}}
                for spelled, options in entries.items():
                    if not isinstance(spelled, str) or not spelled:
                        found = kind_of(spelled)
                        self.note(here, f"is {found} once resolved, must be a path")
                        continue
                    flags.setdefault(spelled, {}).update(options)
                    lines.setdefault(spelled, self.document.line_of(here))
            outs += [
                self._out(spelled, kind, options, wdir, lines[spelled])
                for spelled, options in flags.items()
            ]
        return tuple(outs)

    def _out(self, spelled: str, kind: OutKind, flags: dict[str, Any], wdir: str, line: int) -> Out:
        where, external = located(wdir, spelled, root=self.root)
        if external and holds_root(wdir, spelled, root=self.root or "/"):
            where, external = ".", False  # `check_graph` refuses it
        plot = None
        if kind is OutKind.PLOT:
            plot = {key: value for key, value in flags.items() if key in PLOT_FLAGS}
        meta = flags.get("meta")
        own = (meta.get(META) if isinstance(meta, dict) else None) or {}
        return Out(
            path=where,
            spelled=spelled,
            kind=kind,
            cache=flags.get("cache", True),
            persist=flags.get("persist", False),
            push=flags.get("push", True),
            remote=flags.get("remote"),
            plot=plot,
            line=line,
            is_external=external,
            reader=own.get("reader", ""),
            is_printed=own.get("printed", False),
        )


def load_var(
    context: Context,
    entry: str | dict[Any, Any],
    *,
    folder: str,
    values_of: Callable[[str], Mapping[Any, Any] | None],
    source: str,
    reserved: tuple[str, ...] = (),
) -> None:
    """Merge one entry of `vars` into a context: an inline mapping, `file` or `file:key1,key2`.

    Raises:
        ExpressionError: It is missing, or sets a name twice.
    """
    if isinstance(entry, dict):
        context.add(entry, source, reserved=reserved)
        return
    file, _, names = entry.partition(":")
    keys = [name for name in names.split(",") if name]
    context.load(located(folder, file)[0], keys or None, values_of, reserved=reserved)
