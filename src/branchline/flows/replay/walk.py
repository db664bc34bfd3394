"""The walk over a branch's history: each push, each model, each policy. Changes nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from branchline.core.plan.replay import (
    BRANCHLINE,
    Answer,
    Durations,
    ModelAnswer,
    PushAnswer,
    Replay,
)
from branchline.core.policy import BranchRule, Do, rules_with_default_branch
from branchline.core.trigger.rules import RefUpdate, decide_push, rule_for
from branchline.errors import UnknownNameError, UsageError
from branchline.flows.replay.model import Bench, ModelReplay
from branchline.flows.replay.policies import (
    Starter,
    is_workflow,
    named_policies,
    programs_of,
    with_models,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.pipeline import Pipeline
    from branchline.core.plan.replay import Price
    from branchline.flows.project import Project
    from branchline.flows.replay.declared import Declarations, DeclaredModel
    from branchline.ports.past import (
        Past,
        PastFiles,
        PastPush,
        PretendedRecords,
        PretendedStore,
    )
    from branchline.ports.records import Records
    from branchline.ports.repo import Repo

_MOST_NOTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a replay works with; `wiring` makes it.

    Attributes:
        repo, past: The repository and its history.
        files: Of the commit that is looked at.
        declarations: What that commit declares.
        real: The records of this clone: they tell durations and what runs read.
        pretended: Makes what is taken for done, for one model.
        project: Makes the ports of one model at the commit.
        today: Model -> its pipeline in the working tree, as far as it can be read.
    """

    repo: Repo
    past: Past
    files: PastFiles
    declarations: Declarations
    real: Records
    pretended: Callable[[], tuple[PretendedRecords, PretendedStore]]
    project: Callable[[DeclaredModel, Bench], Project]
    today: Mapping[str, Pipeline]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What was asked of a replay.

    Attributes:
        branch: Short name; "" takes the default branch.
        since, until: A revision (its own push left out of `since`) or a day; "" for no limit.
        policies: Words of `--policy`.
        minutes: Of one training, as the user said.
        price: What a minute costs; by the machine that a workflow names where none is given.
    """

    branch: str = ""
    since: str = ""
    until: str = ""
    policies: Sequence[str] = ()
    minutes: float | None = None
    price: Callable[[Sequence[str]], Price | None] = field(default=lambda _labels: None)


def replay(
    scene: Scene, options: ReplayOptions, *, tell: Callable[[int, int], None] = lambda *_: None
) -> Replay:
    """Walk the history.

    Args:
        scene: What it works with.
        options: What was asked.
        tell: Told how many pushes of how many were looked at.

    Raises:
        UnknownNameError: There is no such branch or revision.
        UsageError: A policy or a day cannot be understood.
    """
    branch = options.branch or scene.repo.default_branch()
    tip = _tip(scene.repo, branch)
    everything = scene.past.pushes(tip)
    first, last = _window(scene.repo, everything, options)
    workflows = _workflows(scene.past, tip)
    if first > 0:
        scene.files.move(scene.past.files(everything[first - 1].commit))
    walk = _Walk(scene, branch)
    if first > 0:
        # What stood before the window is taken for trained, or its first push would pay for it.
        walk.models(everything[first - 1])
    programs = programs_of(scene.today.values())
    policies, notes = named_policies(options.policies, workflows, programs)
    policies, assumed = with_models(policies, workflows, scene.today)
    starter = Starter(scene.past, policies, branch=branch, today=workflows, read=scene.files.read)
    pushes: list[PushAnswer] = []
    for push in everything[first:last]:
        scene.files.move(push.changes)
        pushes.append(_answer(push, walk.models(push), starter))
        tell(len(pushes), last - first)
    return Replay(
        branch=branch,
        pushes=tuple(pushes),
        policies=(*(policy.name for policy in policies), BRANCHLINE),
        durations=Durations(minutes=options.minutes, stages=walk.durations),
        price=options.price([label for policy in policies for label in policy.labels]),
        concerns={policy.name: policy.models for policy in policies if policy.models},
        notes=(
            *notes,
            *assumed,
            *_cut(scene.past, first),
            *walk.notes(),
            *_assumed(pushes, starter, has_base=first > 0),
        ),
    )


class _Walk:
    """The models, from push to push."""

    def __init__(self, scene: Scene, branch: str) -> None:
        self._scene = scene
        self._branch = branch
        self._replays: dict[str, tuple[Bench, ModelReplay]] = {}
        self._projects: dict[str, tuple[DeclaredModel, Project]] = {}
        self.durations: dict[tuple[str, str], float] = {}
        self._default = scene.repo.default_branch()
        self.has_no_rule = False

    def models(self, push: PastPush) -> tuple[ModelAnswer, ...]:
        """What happens to each model at a push, whose files stand already."""
        for _, known in self._replays.values():
            known.moved()
        declared = self._scene.declarations.models(self._scene.files.moved)
        return tuple(self._model(push, one) for one in declared)

    def notes(self) -> tuple[str, ...]:
        """What was assumed of the branch."""
        if not self.has_no_rule:
            return ()
        return (f"no rule of `branches:` speaks of `{self._branch}`: taken as `do: train`",)

    def _model(self, push: PastPush, declared: DeclaredModel) -> ModelAnswer:
        bench, known = self._of(declared)
        if declared.policy is None:
            return known.answer(push, declared, None)
        update = RefUpdate(
            ref=f"refs/heads/{self._branch}",
            old=push.parents[0] if push.parents else "",
            new=push.commit,
            is_empty=push.is_empty,
        )
        rules = rules_with_default_branch(declared.policy.branches, self._default)
        if rule_for(self._branch, rules) is None:
            # Nobody decided yet; what it would be like is the question here.
            rules = (BranchRule(pattern="**", do=Do.TRAIN),)
            self.has_no_rule = True
        decision = decide_push(update, rules)
        if decision.do is Do.NOTHING:
            return ModelAnswer(model=declared.name, answer=Answer.SKIP, reason=decision.reason)
        force = decision.reason if decision.force or decision.do is Do.TUNE else ""
        return known.answer(push, declared, self._project(declared, bench), force=force)

    def _of(self, declared: DeclaredModel) -> tuple[Bench, ModelReplay]:
        if declared.name not in self._replays:
            bench = self._bench(declared)
            self._replays[declared.name] = (bench, ModelReplay(bench))
        return self._replays[declared.name]

    def _bench(self, declared: DeclaredModel) -> Bench:
        pipelines = (self._scene.today.get(declared.name), declared.pipeline)
        addresses = {s.address for found in pipelines if found is not None for s in found.stages}
        # Stages of two models may have one address: each by the runs of its own.
        owner = declared.name if len(self._scene.today) > 1 else ""
        newest = self._scene.real.latest_results(sorted(addresses), model=owner)
        for address, result in newest.items():
            if result.duration_s > 0:
                self.durations[declared.name, address] = result.duration_s
        records, store = self._scene.pretended()
        seen = {address: result.observed for address, result in newest.items()}
        return Bench(files=self._scene.files, records=records, store=store, seen=seen)

    def _project(self, declared: DeclaredModel, bench: Bench) -> Project:
        """The model's ports; the same while its declarations stand, whose files they read."""
        known = self._projects.get(declared.name)
        if known is None or known[0] is not declared:
            known = (declared, self._scene.project(declared, bench))
            self._projects[declared.name] = known
        return known[1]


def _tip(repo: Repo, branch: str) -> str:
    for name in (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"):
        commit = repo.resolve(name)
        if commit is not None:
            return commit
    if repo.head().commit is None:
        raise UnknownNameError(
            f"`{branch}` has no commit yet, so there is no history",
            todo="Commit first, or fetch the branch and name it with --branch.",
        )
    raise UnknownNameError(
        f"there is no branch `{branch}` here, nor on `origin`",
        todo="Name another one with --branch; `git branch --all` lists them.",
    )


def _window(repo: Repo, pushes: Sequence[PastPush], options: ReplayOptions) -> tuple[int, int]:
    """First push and the one behind the last, by their places."""
    first = _place(repo, pushes, options.since, "--since") if options.since else 0
    last = _place(repo, pushes, options.until, "--until") if options.until else len(pushes)
    return first, max(first, last)


def _place(repo: Repo, pushes: Sequence[PastPush], word: str, option: str) -> int:
    """How many pushes stand up to a revision (its own included), or before (up to) a day."""
    commit = repo.resolve(word)
    if commit is not None:
        at = next((n for n, push in enumerate(pushes, 1) if push.commit == commit), None)
        if at is not None:
            return at
        # A commit that a merge brought: the pushes before that merge are all in its history.
        inside = bisect_left(
            pushes, 1, key=lambda push: 0 if repo.is_ancestor(push.commit, commit) else 1
        )
        if inside:
            return inside
        raise UnknownNameError(
            f"`{word}` is not in the history of this branch",
            todo=f"Name one of its commits with {option}, or a day such as 2026-01-31.",
        )
    is_end = option == "--until"
    moment = _moment(word, option, is_end=is_end)
    # Clocks differ, so moments may go back on the way.
    if is_end:
        return max((n for n, p in enumerate(pushes, 1) if p.pushed_at < moment), default=0)
    return next((n for n, p in enumerate(pushes) if p.pushed_at >= moment), len(pushes))


def _moment(word: str, option: str, *, is_end: bool) -> str:
    """A day or a moment as text that sorts like `pushed_at`."""
    try:
        day = date.fromisoformat(word)
        return f"{day.isoformat()}T{'24' if is_end else '00'}:00:00Z"
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise UsageError(
            f"branchline replay: {option} {word} is neither a revision of this repository nor a"
            " day",
            todo=f"Write a branch, a tag, a commit, or a day: {option} 2026-01-31.",
        ) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _workflows(past: Past, tip: str) -> dict[str, bytes]:
    found = {path: past.blob(h.name) for path, h in past.files(tip).items() if is_workflow(path)}
    return {path: data for path, data in found.items() if data is not None}


def _answer(push: PastPush, models: tuple[ModelAnswer, ...], starter: Starter) -> PushAnswer:
    return PushAnswer(
        commit=push.commit,
        short=push.short,
        subject=push.subject,
        author=push.author,
        pushed_at=push.pushed_at,
        is_merge=push.is_merge,
        files=tuple(push.changes),
        models=models,
        started=starter.started(push),
    )


def _cut(past: Past, first: int) -> tuple[str, ...]:
    if first > 0 or not past.is_cut():
        return ()
    return ("this clone is shallow, older pushes are not in it; `git fetch --unshallow` gets them",)


def _assumed(pushes: Sequence[PushAnswer], starter: Starter, *, has_base: bool) -> list[str]:
    """What the answers rest on, a sentence each."""
    found = []
    if has_base:
        found.append("what stood before the first push is taken for trained")
    counts = Counter(note for push in pushes for one in push.models for note in one.notes)
    for note, count in counts.most_common(_MOST_NOTES):
        found.append(f"{note} ({count:,} of {len(pushes):,} pushes)")
    found += [
        f"`{name}` as it is today where a commit has none" for name in sorted(starter.borrowed)
    ]
    return found
