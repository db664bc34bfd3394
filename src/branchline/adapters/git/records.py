"""Serves the port `records` by git references to blobs and trees. Decides nothing.

Everything is written before it is named: objects first (one process), then all references in one
compare-and-swap transaction (one process). Who comes second reads what the first left.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.adapters.git import references as refs
from branchline.adapters.git.exchange import fetch_records, push_records
from branchline.adapters.git.objects import ObjectReader, ObjectWriter, tree_entries
from branchline.adapters.git.plumbing import read_text
from branchline.adapters.git.run_files import model_of, stage_keys, started_at
from branchline.adapters.git.small_records import SmallRecords
from branchline.errors import BranchlineError, RecordError
from branchline.ports.records import Exchange, StoredRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.git.plumbing import Git
    from branchline.core.plan.values import Result
    from branchline.ports.records import RunFileCache

_TRIES = 20
_RUN_FILE = "run.json"
_WORTH_A_CACHE = 32  # So many runs to read at once; a few are read from git as fast.
_LOOSE_AT_MOST = 400  # References in files of their own, before `compact` has git pack them.
_RUNS_AT_ONCE = 32  # How many runs `latest_results` looks into before it looks further back.


class GitRecords(SmallRecords):
    """The records of one repository.

    Args:
        git: Where it is.
        cache: Remembers what was read of runs; None reads from git each time.
    """

    def __init__(self, git: Git, cache: RunFileCache | None = None) -> None:
        self._git = git
        self._cache = cache
        self._started: dict[str, str] = {}
        self._reader: ObjectReader | None = None
        self._known: dict[str, Sequence[Result]] = {}
        self._keys_of: dict[str, Sequence[tuple[str, str]]] = {}
        # By tree, which never changes: a walk asks for them when it orders runs and when it reads.
        self._run_files: dict[str, bytes] = {}

    def close(self) -> None:
        """End the git process that reads objects."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _objects(self) -> ObjectReader:
        """The process that reads objects, one for all questions."""
        if self._reader is None:
            from weakref import finalize

            self._reader = ObjectReader(self._git)
            finalize(self, self._reader.close)  # for whoever forgets to close
        return self._reader

    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[Result]]:
        """Key -> results, newest first; see the port.

        A record that cannot be read, or that stands under a key which is not its own, is left out:
        not known means run. What was found, or not found, is remembered until this object adds or
        fetches records: what another process adds meanwhile is at worst made twice.
        """
        self._look_up([key for key in dict.fromkeys(keys) if key not in self._known])
        return {key: self._known[key] for key in keys if self._known[key]}

    def _look_up(self, keys: Sequence[str]) -> None:
        prefixes = {key: refs.results_prefix(key) for key in keys}
        self._known.update(dict.fromkeys(keys, ()))
        wanted = refs.those_that_may_exist(self._git, prefixes)
        if not wanted:
            return
        found = refs.list_references(self._git, list(wanted.values()))
        by_key: dict[str, list[Result]] = {}
        for reference, result in self._read_results(found).items():
            key = refs.key_of(reference)
            if key in wanted and result.key == key:
                by_key.setdefault(key, []).append(result)
        self._known.update({key: _newest_first(results) for key, results in by_key.items()})

    def latest_results(self, stages: Sequence[str], *, model: str = "") -> Mapping[str, Result]:
        """Stage address -> its newest result; see the port."""
        wanted = set(stages)
        keys: dict[str, str] = {}
        trees = self._trees()
        newest_first = list(reversed(self._oldest_first(trees)))
        if model:
            said = self._run_files
            newest_first = [r for r in newest_first if model_of(said[trees[r]]) == model]
        for start in range(0, len(newest_first), _RUNS_AT_ONCE):
            for pairs in self._stage_keys([trees[r] for r in newest_first[start:][:_RUNS_AT_ONCE]]):
                for stage, key in pairs:
                    if stage in wanted:
                        keys.setdefault(stage, key)
            if wanted <= keys.keys():
                break
        results = self.results(list(keys.values()))
        latest = {}
        for stage, key in keys.items():
            of_stage = [result for result in results.get(key, ()) if result.stage == stage]
            if of_stage or key in results:
                latest[stage] = (of_stage or list(results[key]))[0]
        return latest

    def _remember(self, added: Sequence[Result]) -> None:
        """Know the results of keys that had none before these were added."""
        by_key: dict[str, list[Result]] = {}
        for result in added:
            by_key.setdefault(result.key, []).append(result)
        for key, results in by_key.items():
            self._known[key] = _newest_first(results)

    def _stage_keys(self, trees: Sequence[str]) -> list[Sequence[tuple[str, str]]]:
        """The (stage, key) pairs of runs, by their trees; a tree never changes."""
        unknown = [tree for tree in trees if tree not in self._keys_of]
        if unknown:
            found = self._objects().read([f"{tree}:evidence.json" for tree in unknown])
            for tree, answer in zip(unknown, found, strict=True):
                self._keys_of[tree] = stage_keys(answer[2] if answer else b"")
        return [self._keys_of[tree] for tree in trees]

    def add_results(self, results: Sequence[Result]) -> Sequence[Result]:
        """Record results, the first of a key and its observations wins; see the port."""
        import json

        from branchline.core.plan.result_json import result_to_json

        if not results:
            return ()
        # Of keys that nobody had, what is added now is all that there is.
        fresh = {r.key for r in results if self._known.get(r.key) == ()}
        self._known.clear()
        writer = ObjectWriter(self._git)
        places = [refs.result_reference(result) for result in results]
        blobs: dict[str, str] = {}
        for place, result in zip(places, results, strict=True):
            if place not in blobs:
                text = json.dumps(result_to_json(result), separators=(",", ":"))
                blobs[place] = writer.blob(text.encode())
        writer.write()
        standing = self._create(blobs)
        theirs = {place: name for place, name in standing.items() if name != blobs[place]}
        winners = self._read_results(theirs)
        self._add_beside({p: blobs[p] for p in theirs if p not in winners}, standing)
        mine: dict[str, Result] = {}
        for place, result in zip(places, results, strict=True):
            mine.setdefault(place, result)
        if not theirs:
            self._remember([result for result in mine.values() if result.key in fresh])
        return [winners.get(place, mine[place]) for place in places]

    def run_ids(self) -> Sequence[str]:
        """Ids of all recorded runs, oldest first."""
        return self._oldest_first(self._trees())

    def runs(
        self, ids: Sequence[str] | None = None, *, names: Sequence[str] | None = None
    ) -> Sequence[StoredRun]:
        """Records of runs, oldest first; with `names`, only these of their files."""
        trees = self._trees()
        if ids is not None:
            trees = {run: trees[run] for run in ids if run in trees}
        ordered = self._oldest_first(trees)
        if tuple(names or ()) == (_RUN_FILE,):
            read = {run: self._run_files[trees[run]] for run in ordered}
            return [StoredRun(run=r, files={_RUN_FILE: t} if t else {}) for r, t in read.items()]
        return [
            StoredRun(run=run, files=self._files(self._objects(), trees[run], names))
            for run in ordered
        ]

    def add_run(self, base: str, files: Mapping[str, bytes]) -> str:
        """Record a run; see the port. The same files under the same base are one run."""
        writer = ObjectWriter(self._git)
        tree = writer.tree(files)
        writer.write()
        self._run_files[tree] = files.get(_RUN_FILE, b"")
        self._started[tree] = started_at(self._run_files[tree])
        self._keys_of[tree] = stage_keys(files.get("evidence.json", b""))
        prefix = refs.RUNS + refs.component(base)
        for number in range(_TRIES):
            _pause(number)
            runs = refs.list_references(self._git, [refs.RUNS])
            taken = {n: t for n, t in runs.items() if n == prefix or n.startswith(f"{prefix}-")}
            reference = next((name for name, held in taken.items() if held == tree), None)
            if reference is not None:
                return reference.removeprefix(refs.RUNS)
            reference = refs.first_free(prefix, taken)
            if refs.transact(self._git, create={reference: tree}):
                return reference.removeprefix(refs.RUNS)
        raise _outrun(f"could not record the run `{base}`")

    def standing(self, key: str) -> Mapping[str, str]:
        """Where the results of a key stand, and the object of each; see the port."""
        found = refs.list_references(self._git, [refs.results_prefix(key)])
        return {name.removeprefix(refs.RESULTS): held for name, held in found.items()}

    def push(self, remote: str) -> Exchange:
        """Send records to a remote; see the port."""
        return push_records(self._git, remote)

    def fetch(self, remote: str) -> Exchange:
        """Get records from a remote; see the port."""
        self._known.clear()
        return fetch_records(self._git, remote)

    def compact(self) -> bool:
        """Have git keep references in one file when many stand in files of their own.

        Returns:
            Whether it was worth it.
        """
        if not self._git.has_reference_files():
            return False
        folder = os.path.join(self._git.places.common_dir, *refs.HOME.strip("/").split("/"))
        loose = sum(len(files) for _, _, files in os.walk(folder))
        if loose <= _LOOSE_AT_MOST:
            return False
        # One that somebody writes meanwhile stays as it is; the next time gets it.
        self._git.ask(["pack-refs", "--all", "--prune"])
        return True

    def state_files(self) -> Sequence[str]:
        """Paths whose stat moves when HEAD moves or records come or go; see the port.

        A result under a key that has one already moves no folder in this list: such a result adds a
        choice and takes none away.
        """
        places = self._git.places
        head = os.path.join(places.git_dir, "HEAD")
        shared = [head, os.path.join(places.common_dir, "packed-refs")]
        branch = (read_text(head) or "").strip().removeprefix("ref: ")
        if branch.startswith("refs/"):
            shared.append(os.path.join(places.common_dir, branch))
        if not self._git.has_reference_files():
            return [*shared, os.path.join(places.common_dir, "reftable", "tables.list")]
        results = os.path.join(places.common_dir, *refs.RESULTS.strip("/").split("/"))
        runs = os.path.join(places.common_dir, *refs.RUNS.strip("/").split("/"))
        try:
            shards = sorted(os.listdir(results))
        except OSError:
            shards = []
        if not (os.path.isdir(results) and os.path.isdir(runs)):
            # The folder above stands for the two below it while these do not exist yet.
            shared.append(os.path.dirname(results))
        return [*shared, runs, results, *(os.path.join(results, s) for s in shards)]

    def _create(self, blobs: Mapping[str, str]) -> dict[str, str]:
        """Create references that do not exist; returns what each holds now."""
        standing: dict[str, str] = {}
        for number in range(_TRIES):
            _pause(number)
            missing = {place: name for place, name in blobs.items() if place not in standing}
            if refs.transact(self._git, create=missing):
                return {place: standing.get(place, name) for place, name in blobs.items()}
            prefixes = [place.rpartition("/")[0] + "/" for place in blobs]
            standing = refs.list_references(self._git, list(dict.fromkeys(prefixes)))
        raise _outrun("could not record results")

    def _add_beside(self, blobs: Mapping[str, str], standing: Mapping[str, str]) -> None:
        """Record results whose place holds something that cannot be read, as another attempt.

        A record of a newer version must not keep this one from ever finding its own results.
        """
        if not blobs:
            return
        taken = {**standing, **refs.list_references(self._git, [refs.RESULTS])}
        held = set(taken.values())
        missing = {place: name for place, name in blobs.items() if name not in held}
        self._create({refs.first_free(place, taken): name for place, name in missing.items()})

    def _read_results(self, found: Mapping[str, str]) -> dict[str, Result]:
        """Reference -> result of those references whose blob can be read as one."""
        import json

        from branchline.core.plan.result_json import result_from_json

        if not found:
            return {}
        results = {}
        objects = self._objects().read(list(found.values()))
        for reference, answer in zip(found, objects, strict=True):
            if answer is None or answer[1] != "blob":
                continue
            try:
                results[reference] = result_from_json(json.loads(answer[2]))
            except (BranchlineError, ValueError, RecursionError):
                continue
        return results

    def _trees(self) -> dict[str, str]:
        """Run id -> its tree."""
        found = refs.list_references(self._git, [refs.RUNS])
        return {name.removeprefix(refs.RUNS): tree for name, tree in found.items()}

    def _oldest_first(self, trees: Mapping[str, str]) -> list[str]:
        """Run ids by when they started, as run.json says; unreadable ones first."""
        self._learn([tree for tree in trees.values() if tree not in self._run_files])
        return sorted(trees, key=lambda run: (self._started[trees[run]], len(run), run))

    def _learn(self, trees: Sequence[str]) -> None:
        """Read the run.json of trees, those of many through the cache."""
        cache = self._cache if len(trees) >= _WORTH_A_CACHE else None
        found = dict(cache.load(trees)) if cache else {}
        unknown = [tree for tree in trees if tree not in found]
        if unknown:
            answers = self._objects().read([f"{tree}:{_RUN_FILE}" for tree in unknown])
            read = {
                tree: answer[2] if answer and answer[1] == "blob" else b""
                for tree, answer in zip(unknown, answers, strict=True)
            }
            found.update(read)
            if cache:
                # What is not there may be there later: a fetch brings trees before their files.
                cache.save({tree: text for tree, text in read.items() if text})
        for tree, text in found.items():
            self._run_files[tree] = text
            self._started[tree] = started_at(text)

    def _files(
        self, reader: ObjectReader, tree: str, names: Sequence[str] | None
    ) -> dict[str, bytes]:
        """Files of a run's tree, those in folders by their path."""
        if names is not None:
            answers = reader.read([f"{tree}:{name}" for name in names])
            return {n: a[2] for n, a in zip(names, answers, strict=True) if a and a[1] == "blob"}
        files: dict[str, bytes] = {}
        folders = [("", tree)]
        while folders:
            prefix, name = folders.pop()
            (answer,) = reader.read([name])
            if answer is None or answer[1] != "tree":
                continue
            entries = tree_entries(answer[2], len(name) // 2)
            folders += [(f"{prefix}{path}/", inner) for path, inner, folder in entries if folder]
            blobs = [(prefix + path, inner) for path, inner, folder in entries if not folder]
            for (path, _), found in zip(blobs, reader.read([b for _, b in blobs]), strict=True):
                if found is not None:
                    files[path] = found[2]
        return dict(sorted(files.items()))


def _newest_first(results: Sequence[Result]) -> list[Result]:
    return sorted(results, key=lambda result: (result.started_at, result.attempt), reverse=True)


def _pause(tries: int) -> None:
    """Let others finish, longer each time; not before the first try."""
    if tries:
        import time

        time.sleep(0.005 * tries)


def _outrun(what: str) -> RecordError:
    return RecordError(
        f"{what}: git could not lock its reference",
        todo="If no other git or branchline is at work here, delete what a killed one left: "
        "`find .git/refs/branchline -name '*.lock' -delete`.",
    )
