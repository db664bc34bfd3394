"""The shape of a dvc.yaml: which keys there may be and what may stand under them.

Serves `dvc_yaml`. Notes every problem with its line; resolves no template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.problems import Problems, kind_of, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.documents.document import Document

    Check = Callable[["Shape", Any, tuple[Any, ...]], None]

TOP_KEYS = ("stages", "vars", "params", "metrics", "plots", "artifacts", "datasets")
STAGE_KEYS = (
    "cmd", "wdir", "deps", "params", "outs", "metrics", "plots", "vars",
    "frozen", "always_changed", "desc", "meta", "matrix",
)  # fmt: skip
OUT_FLAGS = {
    "cache": bool, "persist": bool, "push": bool, "checkpoint": bool, "remote": str,
    "desc": str, "type": str, "labels": list, "meta": object,
}  # fmt: skip
META = "branchline"
"""Under `meta` of a metrics file, where DVC lets every tool write: our options of it."""
META_FLAGS = {"reader": str, "printed": bool}
PLOT_FLAGS = {
    "template": str, "x": str, "y": str, "x_label": str, "y_label": str, "title": str,
    "header": bool,
}  # fmt: skip
_TOP_PLOT = ("x", "y", "x_label", "y_label", "title", "template")
_WORDS = {bool: "true or false", str: "text", list: "a list"}


class Shape:
    """Checks one document and notes what does not fit."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.document = document
        self.problems = problems

    def wrong(self, path: tuple[Any, ...], text: str) -> None:
        """Note a problem at `path`, named by its dotted key."""
        name = ".".join(str(step) for step in path)
        self.problems.add(self.document, path, f"{name}: {text}" if name else text)

    def is_a(self, kind: type, value: Any, path: tuple[Any, ...], words: str) -> bool:
        """Whether a value has a type; notes it if not."""
        fits = isinstance(value, kind) and not (kind is not bool and isinstance(value, bool))
        if not fits:
            self.wrong(path, f"is {kind_of(value)}, must be {words}")
        return fits

    def keys(self, value: dict[Any, Any], known: tuple[str, ...], path: tuple[Any, ...]) -> None:
        """Note every key that is not known."""
        for key in value:
            if key not in known:
                self.wrong((*path, key), f"unknown key{nearest(key, known)}")

    def texts(self, value: Any, path: tuple[Any, ...]) -> None:
        """A list of texts."""
        if self.is_a(list, value, path, "a list of texts"):
            for index, item in enumerate(value):
                self.is_a(str, item, (*path, index), "text")

    def top(self, value: Any) -> bool:
        """The whole of a dvc.yaml; False when nothing of it can be used."""
        if not self.is_a(dict, value, (), "a mapping with the key `stages`"):
            return False
        self.keys(value, TOP_KEYS, ())
        for key in ("params", "metrics"):
            if value.get(key) is not None:
                self.texts(value[key], (key,))
        for key, check in (("vars", self.vars), ("plots", self._top_plots)):
            if value.get(key) is not None:
                check(value[key], (key,))
        if value.get("artifacts") is not None:
            self._artifacts(value["artifacts"], ("artifacts",))
        if value.get("datasets") is not None:
            self._datasets(value["datasets"], ("datasets",))
        stages = value.get("stages")
        return stages is None or self.is_a(dict, stages, ("stages",), "a mapping of stages by name")

    def stage(self, name: object, value: Any, path: tuple[Any, ...]) -> bool:
        """One entry of `stages`; False when it does not fit."""
        before = len(self.problems)
        if not isinstance(name, str) or not name.strip():
            self.wrong(path, f"a stage's name must be text, this is {kind_of(name)}; quote it")
        elif "@" in name or ":" in name:
            self.wrong(path, "a stage's name cannot hold `@` or `:`; use `-` or `_`")
        if not self.is_a(dict, value, path, "a mapping with the key `cmd`"):
            return False
        if "foreach" in value or "do" in value:
            self._foreach(value, path)
        else:
            self._stage_body(value, path)
        return len(self.problems) == before

    def _foreach(self, value: dict[Any, Any], path: tuple[Any, ...]) -> None:
        if "matrix" in value:
            self.wrong((*path, "matrix"), "`foreach` and `matrix` exclude each other; use one")
        self.keys(value, ("foreach", "do", "matrix"), path)
        if "foreach" not in value:
            self.wrong(path, "has `do` without `foreach`")
        elif not isinstance(value["foreach"], list | dict | str):
            found = kind_of(value["foreach"])
            self.wrong((*path, "foreach"), f"is {found}, must be a list, a mapping or ${{...}}")
        body: Any = value.get("do")
        if "do" not in value:
            self.wrong(path, "has `foreach` without `do`; put the stage's keys under `do`")
        elif self.is_a(dict, body, (*path, "do"), "a mapping with the key `cmd`"):
            if "matrix" in body:
                self.wrong((*path, "do", "matrix"), "`matrix` cannot stand under `foreach`")
            self._stage_body(body, (*path, "do"))

    def _stage_body(self, value: dict[Any, Any], path: tuple[Any, ...]) -> None:
        self.keys(value, STAGE_KEYS, path)
        if "cmd" not in value:
            self.wrong(path, "has no `cmd`; say what the stage runs")
        for key, check in _CHECKS.items():
            if key in value:
                check(self, value[key], (*path, key))

    def cmd(self, value: Any, path: tuple[Any, ...]) -> None:
        """A command or a list of commands."""
        if isinstance(value, list):
            self.texts(value, path)
            if not value:
                self.wrong(path, "is an empty list; name at least one command")
        elif self.is_a(str, value, path, "text or a list of texts") and not str(value).strip():
            self.wrong(path, "is empty; say what the stage runs")

    def params(self, value: Any, path: tuple[Any, ...]) -> None:
        """Keys of params.yaml, or files with their keys."""
        if not self.is_a(list, value, path, "a list of keys and `file: [keys]`"):
            return
        for index, item in enumerate(value):
            here = (*path, index)
            if isinstance(item, dict):
                for file, keys in item.items():
                    if self.is_a(str, file, (*here, file), "a file's name") and keys is not None:
                        self.texts(keys, (*here, file))
            else:
                self.is_a(str, item, here, "a key, or `file: [keys]`")

    def vars(self, value: Any, path: tuple[Any, ...]) -> None:
        """Files (`file` or `file:key1,key2`) and inline mappings."""
        from branchline.config.templating import has_references

        if not self.is_a(list, value, path, "a list of files and mappings"):
            return
        for index, item in enumerate(value):
            here = (*path, index)
            if not isinstance(item, str | dict):
                self.wrong(here, f"is {kind_of(item)}, must be a file's name or a mapping")
            elif has_references(item):
                self.wrong(here, "`vars` cannot hold ${...}; write the value")

    def outs(self, value: Any, path: tuple[Any, ...]) -> None:
        """Outputs: paths, or `path: flags`."""
        known = {**OUT_FLAGS, **PLOT_FLAGS} if path[-1] == "plots" else OUT_FLAGS
        if not self.is_a(list, value, path, "a list of paths and `path: flags`"):
            return
        for index, item in enumerate(value):
            here = (*path, index)
            if not isinstance(item, dict):
                self.is_a(str, item, here, "a path, or `path: flags`")
                continue
            for out, flags in item.items():
                self.is_a(str, out, here, "a path, or `path: flags`")
                if self.is_a(
                    dict, flags, (*here, out), f"flags such as {{{next(iter(known))}: ...}}"
                ):
                    self._flags(flags, known, (*here, out))

    def _flags(self, flags: dict[Any, Any], known: dict[str, Any], path: tuple[Any, ...]) -> None:
        self.keys(flags, tuple(known), path)
        for flag, value in flags.items():
            kind = known.get(flag, object)
            if kind is not object:
                self.is_a(kind, value, (*path, flag), _WORDS[kind])
        meta = flags.get("meta")
        if isinstance(meta, dict) and META in meta:
            self._own_flags(meta[META], (*path, "meta", META))

    def _own_flags(self, value: Any, path: tuple[Any, ...]) -> None:
        """What Branchline alone reads of a metrics file."""
        if "metrics" not in path:
            self.wrong(path, "only files under `metrics` have a reader; move the file there")
        elif self.is_a(dict, value, path, "a mapping such as {reader: text}"):
            self.keys(value, tuple(META_FLAGS), path)
            for flag in META_FLAGS.keys() & value.keys():
                self.is_a(META_FLAGS[flag], value[flag], (*path, flag), _WORDS[META_FLAGS[flag]])

    def matrix(self, value: Any, path: tuple[Any, ...]) -> None:
        """Variables with the lists they run through."""
        if self.is_a(dict, value, path, "a mapping of variables to lists"):
            for name, items in value.items():
                self.is_a(str, name, (*path, name), "a variable's name")
                if not isinstance(items, list) and not (isinstance(items, str) and "${" in items):
                    self.wrong((*path, name), f"is {kind_of(items)}, must be a list or ${{...}}")

    def _top_plots(self, value: Any, path: tuple[Any, ...]) -> None:
        if not self.is_a(list, value, path, "a list of files and `id: options`"):
            return
        for index, item in enumerate(value):
            here = (*path, index)
            if not isinstance(item, dict):
                self.is_a(str, item, here, "a file, or `id: options`")
                continue
            for name, options in item.items():
                if options is not None and self.is_a(dict, options, (*here, name), "options"):
                    self.keys(options, _TOP_PLOT, (*here, name))

    def _artifacts(self, value: Any, path: tuple[Any, ...]) -> None:
        if not self.is_a(dict, value, path, "a mapping of artifacts by name"):
            return
        for name, item in value.items():
            here = (*path, name)
            if not self.is_a(dict, item, here, "a mapping with the key `path`"):
                continue
            self.keys(item, ("path", "desc", "type", "labels", "meta"), here)
            if "path" not in item:
                self.wrong(here, "has no `path`; say which file or folder it is")

    def _datasets(self, value: Any, path: tuple[Any, ...]) -> None:
        if not self.is_a(list, value, path, "a list of datasets"):
            return
        for index, item in enumerate(value):
            here = (*path, index)
            if self.is_a(dict, item, here, "a mapping with `name` and `type`"):
                for key in ("name", "type"):
                    if key not in item:
                        self.wrong(here, f"has no `{key}`")


_CHECKS: dict[str, Check] = {
    "cmd": Shape.cmd,
    "wdir": lambda shape, value, path: void(shape.is_a(str, value, path, "a folder")),
    "deps": Shape.texts,
    "params": Shape.params,
    "vars": Shape.vars,
    "outs": Shape.outs,
    "metrics": Shape.outs,
    "plots": Shape.outs,
    "frozen": lambda shape, value, path: void(shape.is_a(bool, value, path, "true or false")),
    "always_changed": lambda shape, value, path: void(
        shape.is_a(bool, value, path, "true or false")
    ),
    "desc": lambda shape, value, path: void(shape.is_a(str, value, path, "text")),
    "matrix": Shape.matrix,
}


def void(_: object) -> None:
    """Forget an answer that has already been noted."""
