"""The inputs of a stage as they are now. Serves the station `plan`.

Joins what is declared, what the code imports, and what surrounds both. Nothing is decided here: an
input that cannot be known has no digest and says why.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from branchline.core.changes.closure import Closure, ClosureFile, closure_of
from branchline.core.changes.entries import Entry, entries_of
from branchline.core.changes.values import Input, InputKind
from branchline.core.pipeline import maker_of
from branchline.core.plan.view import MODE_SUFFIX, READING_SUFFIX
from branchline.core.run import command_lines
from branchline.core.secrecy import MASK, is_secret, redacted, secret_digest
from branchline.core.values import digest_of
from branchline.errors import BranchlineError
from branchline.flows.folder_inputs import folder_input, is_composed
from branchline.flows.gathered import Gathered, ReadParams
from branchline.flows.produced import KeptElsewhere
from branchline.flows.reading import Reader
from branchline.flows.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from branchline.core.pipeline import Content, Dep, LockEntry, ParamsDep, Stage
    from branchline.core.values import JsonValue
    from branchline.flows.produced import Producers
    from branchline.flows.project import Project

CONFIG_NAMES = frozenset({"branchline.yaml", "dvc.yaml", "dvc.lock", ".dvcignore", ".gitignore"})


class InputReader:
    """Reads the inputs of stages of one project.

    Args:
        project: Ports and policy.
        producers: Who makes what; consulted for inputs that stages make.
        lock: Address -> dvc.lock entry, for data that are not on this machine.
    """

    def __init__(
        self, project: Project, producers: Producers, lock: Mapping[str, LockEntry]
    ) -> None:
        self._project = project
        self._producers = producers
        self._lock = lock
        self.reader = Reader(project.workspace, project.meanings, project.policy.changes)
        self._closures: dict[tuple[Entry, ...], Closure] = {}
        self._params: dict[tuple[str, tuple[str, ...] | None], ReadParams] = {}
        self.surroundings = Surroundings(project, self.reader)
        self._tracked: frozenset[str] | None = None
        self._elsewhere = KeptElsewhere(project, producers)

    def gather(self, stage: Stage) -> Gathered:
        """Everything that the result of a stage depends on, as far as it is known now."""
        found = Gathered()
        text = "\n".join(stage.cmd)
        found.inputs["command"] = Input(
            kind=InputKind.COMMAND,
            name="",
            digest=digest_of([list(stage.cmd) if stage.cmd_is_list else text, stage.wdir]),
            value=redacted(text),
        )
        for dep in stage.deps:
            self._add_dep(stage, dep, found)
        for params in stage.params:
            self._add_params(stage, params, found)
        self._add_closure(stage, found)
        for name, item in self.surroundings.inputs().items():
            if self.is_covered(name, found):
                continue
            found.inputs[name] = item
            if item.exact is not None or item.kind is InputKind.VARIABLE:
                found.uncovered.append(name)
        found.unknown = found.unknown or self.surroundings.doubt()
        return found

    # Declared inputs

    def _add_dep(self, stage: Stage, dep: Dep, found: Gathered) -> None:
        path = dep.path
        if dep.is_external and "://" in path:
            found.unknown = f"`{path}` lies outside the repository and cannot be digested here"
            found.inputs[path] = Input(kind=InputKind.DATA, name=path, digest=None)
            return
        made = [m for m in self._producers.makers(path) if m.stage != stage.address]
        waiting = [m for m in made if self._producers.is_pending(m.path)]
        content = None if waiting else self._content(stage, dep, made[0].path if made else None)
        if content is None and (waiting or self._elsewhere.hides(made, path)):
            waiting = waiting or made
            found.pending.append((path, waiting[0].stage))
            found.inputs[path] = Input(
                kind=InputKind.DATA, name=path, digest=None, pending=waiting[0].stage
            )
            return
        if content is None or content.md5 is None:
            missing = f"{stage.file}:{stage.line}: stage `{stage.address}`: `{path}`"
            is_tracked = self._producers.pointer(path) is not None
            found.missing.append(
                f"{missing}: {self._project.store.looked_at()}" if is_tracked else missing
            )
            found.inputs[path] = Input(kind=InputKind.DATA, name=path, digest=None)
            return
        pointer = self._producers.pointer(path)
        if pointer is not None and pointer.path == path and pointer.content.md5 != content.md5:
            found.notes.append(
                f"`{path}` is not what `{pointer.file}` promises; what is here counts,"
                f" uncommitted until `dvc add {path}`"
            )
        found.deps[path] = content
        found.inputs[path] = self._declared(stage, path, content, is_data=bool(made))

    def _content(self, stage: Stage, dep: Dep, out: str | None) -> Content | None:
        """What a declared input holds: promised, present, or as dvc.lock last saw it."""
        if out is not None and out == dep.path:
            promised = self._producers.content(out)
            if promised is not None:
                return promised
        present = self._project.workspace.content(dep.path)
        if out is not None and dep.path.startswith(out + "/"):
            inner = self._inside(self._producers.content(out), out, dep.path)
            if inner is not None:
                # What is here also tells its size, which a folder's object does not.
                same = present is not None and present.md5 == inner.md5
                return present if same else inner
            if present is None and (told := self._elsewhere.content(out, dep.path, stage.address)):
                return told
        if present is not None:
            return present
        pointer = self._producers.pointer(dep.path)
        if pointer is not None and pointer.path == dep.path:
            return pointer.content
        if pointer is not None:
            inner = self._inside(pointer.content, pointer.path, dep.path)
            if inner is not None:
                return inner
        if out is None and not dep.is_external and not self._is_ignored(dep.path):
            return None  # A file of git's that was deleted is an error, not "data elsewhere".
        entry = self._lock.get(stage.address)
        items = entry.deps if entry else ()
        return next((i.content for i in items if i.spelled == dep.spelled), None)

    def _is_ignored(self, path: str) -> bool:
        """Whether git would ignore a file or folder at a path where there is none."""
        return any(self._project.repo.is_ignored([path, f"{path}/"]))

    def _inside(self, folder: Content | None, place: str, path: str) -> Content | None:
        """What a file inside a tracked folder holds, told by the folder's object."""
        if folder is None:
            return None
        wanted = path[len(place) + 1 :]
        for name, content in self._project.store.members(folder) or ():
            if name == wanted:
                return content
        return None

    def _declared(self, stage: Stage, path: str, content: Content, *, is_data: bool) -> Input:
        if is_data or self._producers.pointer(path) is not None:
            return Input(kind=InputKind.DATA, name=path, digest=content.md5, exact=content.md5)
        if content.is_folder:
            members = tuple(name for name, _ in self._project.workspace.members(path))
            self._look_at(f"{path}/{name}" for name in members)
            return folder_input(
                path, content, members, self.reader, composed=lambda: self._composed(stage)
            )
        self._look_at([path])
        if self.reader.is_code(path):
            digest = self.reader.digest(path)
            return Input(kind=InputKind.CODE, name=path, digest=digest, exact=content.md5)
        return Input(kind=InputKind.DATA, name=path, digest=content.md5, exact=content.md5)

    def _look_at(self, paths: Iterable[str]) -> None:
        """See that files are read no earlier than what is taken for their bytes."""
        moved = [path for path in paths if self.reader.look_again(path)]
        if moved:
            self._closures.clear()

    def _composed(self, stage: Stage) -> frozenset[str]:
        """Files that Hydra composes the stage's configuration of, by their values."""
        files = self._closure(self._entries(stage)).files
        return frozenset(file.path for file in files if is_composed(file))

    # Parameters

    def _add_params(self, stage: Stage, params: ParamsDep, found: Gathered) -> None:
        made = [m for m in self._producers.makers(params.path) if m.stage != stage.address]
        waiting = next((m for m in made if self._producers.is_pending(m.path)), None)
        if waiting is not None:
            found.pending.append((params.path, waiting.stage))
            found.inputs[params.path] = Input(
                kind=InputKind.PARAMETER, name=params.path, digest=None, pending=waiting.stage
            )
            return
        memory = (params.path, params.keys)
        if memory not in self._params:
            data = self._project.workspace.read(params.path)
            if data is None:
                found.missing.append(
                    f"{stage.file}:{stage.line}: stage `{stage.address}`: `{params.path}`"
                )
                return
            self._params[memory] = _read(params, data)
        read = found.read[memory] = self._params[memory]
        merged: dict[str, JsonValue] = {**found.params.get(params.path, {}), **read.values}
        found.params[params.path] = merged
        for key, value in leaves_of(read.values):
            name = f"{params.path}:{key}"
            found.inputs[name] = _parameter(name, key, value)
        for key, other in read.others.items():
            name = f"{params.path}:{key}{READING_SUFFIX}"
            found.inputs[name] = _parameter(name, key, other, value=repr(other))

    # Code

    def _add_closure(self, stage: Stage, found: Gathered) -> None:
        entries = self._entries(stage)
        if not entries:
            return
        closure = self._closure(entries)
        found.notes.extend(closure.notes)
        found.problems.extend(f"stage `{stage.address}`: {text}" for text in closure.problems)
        found.probed.update(closure.probed)
        for entry in entries:
            if entry.path and self.reader.is_file(entry.path):
                self._add_mode(entry.path, found)
        known = {params.path for params in stage.params}
        own, listed = {out.path for out in stage.outs}, self._project.pipeline.metrics
        for file in closure.files:
            name = file.path.rpartition("/")[2]
            if file.path in known or name in CONFIG_NAMES or name.endswith(".dvc"):
                continue
            if maker_of(file.path, own) is not None or self._producers.makers(file.path):
                continue
            if file.is_named and file.path in listed:
                found.listed.append(file.path)  # It is written; seen reads will tell.
            else:
                self._add_file(file, found)

    def _add_file(self, file: ClosureFile, found: Gathered) -> None:
        """One file of the closure; what is declared already is not counted twice."""
        path = file.path
        declared = found.inputs.get(path)
        if declared is not None:
            if file.by_bytes and path in found.deps:
                found.inputs[path] = replace(declared, digest=f"bytes:{declared.exact}")
            return
        if self.is_covered(path, found):
            if file.by_bytes:
                found.inputs[path] = self._code_input(file)
            return
        if file.is_named and not self.is_tracked(path):
            found.untracked.append(path)
            return  # An output or scratch file that is only mentioned; seen reads will tell.
        found.inputs[path] = self._code_input(file)
        found.uncovered.append(path)

    def _code_input(self, file: ClosureFile) -> Input:
        blob = self.reader.blob(file.path)
        digest = f"bytes:{blob}" if file.by_bytes else self.reader.digest(file.path)
        return Input(
            kind=InputKind.CODE if self.reader.is_code(file.path) else InputKind.DATA,
            name=file.path,
            digest=None if blob is None else digest,
            exact=blob,
            via=file.via,
        )

    def is_tracked(self, path: str) -> bool:
        """Whether git has a file; asked once for all files of a plan."""
        if self._tracked is None:
            self._tracked = frozenset(self._project.repo.tracked())
        return path in self._tracked

    def _add_mode(self, path: str, found: Gathered) -> None:
        """An executed file also counts by its x bit: without it `./run.sh` fails."""
        entry = self.reader.entry(path)
        mode = "executable" if entry is not None and entry.is_executable else "plain"
        name = path + MODE_SUFFIX
        found.inputs[name] = Input(
            kind=InputKind.CODE, name=name, digest=mode, exact=mode, value=mode, via="entry point"
        )

    def _entries(self, stage: Stage) -> tuple[Entry, ...]:
        lines = command_lines(stage.cmd, is_list=stage.cmd_is_list)
        return tuple(entry for line in lines for entry in entries_of(line, stage.wdir))

    def _closure(self, entries: tuple[Entry, ...]) -> Closure:
        if entries not in self._closures:
            rules = self._project.policy.changes
            self._closures[entries] = closure_of(entries, self.reader, rules)
        return self._closures[entries]

    def is_covered(self, path: str, found: Gathered) -> bool:
        """Whether a path is an input already, or lies in a declared folder."""
        if path in found.inputs:
            return True
        parts = path.split("/")
        return any("/".join(parts[:n]) in found.deps for n in range(1, len(parts)))

    def look_again(self) -> None:
        """Forget what was worked out from files that have moved since."""
        self._closures.clear()
        self._params.clear()
        self.surroundings.look_again()

    def moved(self, stage: Stage, found: Gathered) -> list[str]:
        """Inputs whose bytes are no longer those that were digested, sorted.

        Compares bytes, not meaning: what was edited while a stage ran is nobody's input.
        """
        workspace = self._project.workspace
        paths = [i.name for i in found.inputs.values() if _is_file(i)]
        self.reader.forget([*paths, *(params.path for params in stage.params)])
        moved = [
            path
            for path, content in found.deps.items()
            if (now := workspace.content(path)) is None or now.md5 != content.md5
        ]
        moved += [
            item.name
            for item in found.inputs.values()
            if _is_file(item)
            and item.name not in found.deps
            and item.exact != workspace.blob(item.name)
        ]
        moved += [p.path for p in stage.params if self._params_moved(p, found)]
        return sorted(moved)

    def _params_moved(self, params: ParamsDep, found: Gathered) -> bool:
        """Whether values of a parameter file differ, came or went, or cannot be read any more."""
        from branchline.config.params import read_params

        data = self._project.workspace.read(params.path)
        if data is None:
            return True
        before = found.read.get((params.path, params.keys), ReadParams())
        if data == before.data:
            return False
        try:
            values = read_params(params.path, data, params.keys)
        except BranchlineError:
            return True  # It could be read before the stage ran.
        return digest_of(dict(values)) != digest_of(dict(before.values))


def _read(params: ParamsDep, data: bytes) -> ReadParams:
    """Parameters, with those that PyYAML takes for another value: `1e-3` is a text to it.

    Nobody knows which reader the stage's program uses, so both values count.
    """
    from branchline.config.params import read_params, read_params_as_yaml_11

    values = cast("Mapping[str, JsonValue]", read_params(params.path, data, params.keys))
    other = read_params_as_yaml_11(params.path, data, params.keys)
    leaves = dict(leaves_of(cast("Mapping[str, JsonValue]", other)))
    others = {
        key: leaves[key]
        for key, value in leaves_of(values)
        if key in leaves and digest_of(leaves[key]) != digest_of(value)
    }
    return ReadParams(data, values, others)


def _parameter(name: str, key: str, held: JsonValue, *, value: str = "") -> Input:
    """A parameter as an input; of a secret neither the value nor a plain digest of it is kept."""
    digest = digest_of(held)
    if is_secret(key, held):
        digest, value = secret_digest(name, digest), MASK
    elif not value:
        value = held if isinstance(held, str) else repr(held)
    return Input(kind=InputKind.PARAMETER, name=name, digest=digest, value=value)


def _is_file(item: Input) -> bool:
    """Whether an input is a file or folder whose bytes can be looked at again."""
    return (
        item.exact is not None and item.digest is not None and not item.name.endswith(MODE_SUFFIX)
    )


def leaves_of(values: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """Parameters one by one: a group `train` counts as `train.depth`, `train.kind`, ...

    An empty group and a list are values of their own.
    """
    for key, value in values.items():
        if hasattr(value, "items") and value:
            for inner, leaf in leaves_of(cast("Mapping[str, JsonValue]", value)):
                yield f"{key}.{inner}", leaf
        else:
            yield str(key), value
