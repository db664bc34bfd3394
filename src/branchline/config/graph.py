"""How stages hang together, and what makes that impossible: said before anything runs.

Serves `pipeline` and whoever orders stages. Works on values; reads nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from branchline.config.problems import Problems
    from branchline.core.pipeline import Pointer, Stage

_DECLARATIONS = frozenset(
    {"dvc.yaml", "dvc.lock", "branchline.yaml", "branchline.lock", ".gitignore", ".dvcignore"}
)
_STATE = frozenset({".git", ".dvc", ".branchline"})


def upstream_of(stages: Sequence[Stage]) -> dict[str, tuple[str, ...]]:
    """Address of each stage -> addresses of the stages whose outputs it reads, in order.

    A stage reads another's output when a dep is the output, lies inside it, or holds it.
    """
    owners = {out.path: stage.address for stage in stages for out in stage.outs}
    ordered = sorted(owners)
    return {
        stage.address: tuple(
            dict.fromkeys(
                owners[path] for read in _reads(stage) for path in _overlaps(read, owners, ordered)
            )
        )
        for stage in stages
    }


def closure_of(stages: Sequence[Stage], addresses: Iterable[str]) -> frozenset[str]:
    """Addresses of stages with those of all that they need, however far upstream."""
    upstream = upstream_of(stages)
    todo, needed = list(addresses), set[str]()
    while todo:
        address = todo.pop()
        if address not in needed:
            needed.add(address)
            todo += upstream[address]
    return frozenset(needed)


def check_graph(stages: Sequence[Stage], pointers: Sequence[Pointer], problems: Problems) -> None:
    """Note what makes the graph impossible.

    One output of two stages, an output inside another, an output that is or holds the repository,
    a pipeline file inside an output, an output that is a dep of its own stage, a cached output
    outside the repository, and cycles.
    """
    owners = _owners(stages, pointers, problems)
    for file, line in _files(stages, pointers):
        inside = next((path for path in _parents(file) if path in owners), None)
        if inside is not None:
            problems.add_at(
                file,
                line,
                f"{file} lies inside {inside}, an output of {owners[inside][0]}; move it",
            )
    before = len(problems)
    for stage in stages:
        deps = {dep.path for dep in stage.deps}
        for out in stage.outs:
            if out.path in deps:
                problems.add_at(
                    stage.file,
                    out.line or stage.line,
                    f"{out.spelled} is both a dep and an output of stage `{stage.name}`",
                )
    if len(problems) == before:
        _check_cycles(stages, problems)


def _owners(
    stages: Sequence[Stage], pointers: Sequence[Pointer], problems: Problems
) -> dict[str, tuple[str, str, int]]:
    """Path of each output -> who makes it, in which file and line."""
    owners: dict[str, tuple[str, str, int]] = {}
    for path, owner, file, line in _outs(stages, pointers, problems):
        if path in owners:
            first, first_file, first_line = owners[path]
            if first == owner and first_file == file:
                problems.add_at(file, line, f"{owner} names its output {path} twice; name it once")
                continue
            problems.add_at(
                file,
                line,
                f"{path} is an output of {owner} and of {first} ({first_file}:{first_line}); "
                "a path can have one maker",
            )
        else:
            owners[path] = (owner, file, line)
    for path, (owner, file, line) in owners.items():
        outer = next((parent for parent in _parents(path) if parent in owners), None)
        if outer is not None:
            maker, other_file, other_line = owners[outer]
            problems.add_at(
                file,
                line,
                f"{path} (output of {owner}) lies inside {outer} (output of {maker}, "
                f"{other_file}:{other_line}); outputs cannot overlap",
            )
    return owners


def _no_output(path: str) -> str:
    """Why a path can never be an output, as the end of a sentence; "" when it can.

    An output is deleted before its stage runs: these would take the project with them.
    """
    if path == ".":
        return "is or holds the whole repository, no output; name a file or folder in it"
    top = path.partition("/")[0]
    if top in _STATE:
        return f"lies in `{top}`, which is no place for outputs; name another folder"
    return ""


def _outs(
    stages: Sequence[Stage], pointers: Sequence[Pointer], problems: Problems
) -> Iterator[tuple[str, str, str, int]]:
    for stage in stages:
        for out in stage.outs:
            line = out.line or stage.line
            name = out.path.rpartition("/")[2]
            if name in _DECLARATIONS or (name.endswith(".dvc") and not out.is_external):
                problems.add_at(stage.file, line, f"{out.spelled} is a pipeline file, no output")
            elif refusal := _no_output(out.path):
                problems.add_at(stage.file, line, f"{out.spelled} {refusal}")
            if out.is_external and out.cache:
                problems.add_at(
                    stage.file,
                    line,
                    f"{out.spelled} lies outside the repository and cannot be cached; "
                    "write `cache: false` under it",
                )
            yield out.path, f"stage `{stage.name}`", stage.file, line
    for pointer in pointers:
        yield pointer.path, pointer.file, pointer.file, 1


def _files(stages: Sequence[Stage], pointers: Sequence[Pointer]) -> Iterator[tuple[str, int]]:
    seen: dict[str, int] = {}
    for stage in stages:
        seen.setdefault(stage.file, stage.line)
    for pointer in pointers:
        seen.setdefault(pointer.file, 1)
    yield from seen.items()


def _parents(path: str) -> Iterator[str]:
    """Folders above a path, nearest first; not the root."""
    while "/" in path:
        path = path.rpartition("/")[0]
        if path:
            yield path


def _reads(stage: Stage) -> Iterator[str]:
    for dep in stage.deps:
        yield dep.path
    for params in stage.params:
        yield params.path


def _overlaps(path: str, owners: Mapping[str, object], ordered: Sequence[str]) -> Iterator[str]:
    """Outputs that are the path, hold it, or lie inside it."""
    if path in owners:
        yield path
    for parent in _parents(path):
        if parent in owners:
            yield parent
    prefix = "" if path == "." else f"{path}/"
    index = bisect_left(ordered, prefix)
    while index < len(ordered) and ordered[index].startswith(prefix):
        if not (path == "." and "://" in ordered[index]):
            yield ordered[index]
        index += 1


def _check_cycles(stages: Sequence[Stage], problems: Problems) -> None:
    upstream = upstream_of(stages)
    by_address = {stage.address: stage for stage in stages}
    done: set[str] = set()
    for start in upstream:
        cycle = _cycle_from(start, upstream, done)
        if cycle:
            stage = by_address[cycle[0]]
            way = " needs ".join(f"`{address}`" for address in cycle)
            problems.add_at(stage.file, stage.line, f"stages run in a circle: {way}")
            return


def _cycle_from(
    start: str, upstream: Mapping[str, Sequence[str]], done: set[str]
) -> tuple[str, ...]:
    """A cycle that can be reached from a stage, first stage repeated at its end; () if none."""
    way: list[str] = []
    on_way: set[str] = set()
    stack: list[tuple[str, int]] = [(start, 0)]
    while stack:
        address, index = stack.pop()
        if index == 0:
            if address in done:
                continue
            way.append(address)
            on_way.add(address)
        following = upstream[address]
        if index < len(following):
            stack.append((address, index + 1))
            target = following[index]
            if target in on_way:
                return (*way[way.index(target) :], target)
            stack.append((target, 0))
        else:
            done.add(address)
            on_way.discard(address)
            way.pop()
    return ()
