"""Flow `doctor --github`: judges what was found about a repository on GitHub; says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.flows.doctor import Check, Health

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.workflow_needs import WorkflowNeeds
    from branchline.ports.forge_checkup import ForgeEnvironment, ForgeFacts

__all__ = ["examine_github"]

_ACTIONS_PAGE = "settings/actions"
_PULL_SETTING = "Allow GitHub Actions to create and approve pull requests"
_APP = "the token of a GitHub App"
_HOSTED = ("ubuntu-", "windows-", "macos-")
_QUIET_DAYS, _WARNED_DAYS = 60, 15
_MODES = ("approve", "dispatch", "app")


def examine_github(
    facts: ForgeFacts,
    needs: Sequence[WorkflowNeeds],
    *,
    modes: Sequence[str] | None,
    token_from: str,
    stores: Sequence[str] | None = None,
    now_s: float,
) -> tuple[Check, ...]:
    """Judge a repository's settings.

    Args:
        facts: What a checkup found.
        needs: What the workflows of the working tree need.
        modes: `open_pull_request.mode` of each branch rule that opens pull requests; None where
            branchline.yaml cannot be read.
        stores: Where each model's outputs are kept besides their machine, "" for nowhere; None
            where branchline.yaml cannot be read.
        token_from: Variable that holds the token, or is to hold it.
        now_s: Seconds since 1970 (UTC).
    """
    checks = [
        _repository(facts),
        _token(facts, token_from),
        _actions(facts),
        *_workflows(facts, needs),
        _permissions(facts),
        *_training_pull(facts, needs, modes),
        *_environments(facts, needs),
        _secrets(facts, needs),
        _variables(facts, needs),
        *_runners(facts, needs),
        *_store(stores),
        _required(facts, sorted({gate for need in needs for gate in need.gates})),
        *_filtered(facts, needs),
        *_schedules(facts, needs, now_s),
        *_issues(facts, needs),
    ]
    if facts.untold:
        checks.append(_untold(facts, token_from))
    return tuple(checks)


def _repository(facts: ForgeFacts) -> Check:
    known = {True: "private", False: "public", None: "private or not (not told)"}
    kind = known[facts.is_private]
    said = f"{facts.repository}, {kind}, default branch {facts.default_branch}"
    if facts.is_archived:
        return _fail("repository", f"{said}: it is archived", "Unarchive it: no job runs in it.")
    return _pass("repository", said)


def _token(facts: ForgeFacts, token_from: str) -> Check:
    if not facts.has_token:
        todo = f"Type: export {token_from}=$(gh auth token)"
        return _warn("token", "there is none: little can be told without", todo)
    may = {True: "may write", False: "may not write", None: "may do what cannot be told"}
    said = f"{token_from} belongs to {facts.login} and {may[facts.may_push]} to the repository"
    return _pass("token", said)


def _actions(facts: ForgeFacts) -> Check:
    if facts.are_jobs_enabled is False:
        todo = f"Switch them on: {facts.page}/{_ACTIONS_PAGE}"
        return _fail("actions", "GitHub Actions are switched off for this repository", todo)
    if facts.are_jobs_enabled is None:
        return _warn("actions", "whether GitHub Actions are switched on could not be told")
    return _pass("actions", "switched on")


def _workflows(facts: ForgeFacts, needs: Sequence[WorkflowNeeds]) -> list[Check]:
    name, branch = "workflows", facts.default_branch
    if not needs:
        return [_warn(name, "there is none in .github/workflows", "Type: branchline init --github")]
    checks = [
        _fail(name, f"{need.path} cannot be read: {need.problem}", "Mend it.")
        for need in needs
        if need.problem
    ]
    if facts.workflows is None:
        checks.append(_warn(name, f"what {branch} holds could not be told"))
        return checks
    missing = [need.path for need in needs if need.path not in facts.workflows]
    other = [need.path for need in needs if facts.workflows.get(need.path, need.blob) != need.blob]
    if missing:
        said = f"{branch} lacks {', '.join(missing)}: schedules and manual runs of it do not start"
        checks.append(_fail(name, said, f"Merge it into {branch}."))
    if other:
        said = f"{branch} holds another version of {', '.join(other)}"
        checks.append(_warn(name, said, f"What stands on {branch} counts: merge, or pull."))
    for path in facts.disabled:
        if any(need.path == path for need in needs):
            todo = f"Type: gh workflow enable {path.rpartition('/')[2]}"
            checks.append(_fail(name, f"{path} is switched off", todo))
    return checks or [_pass(name, f"{branch} holds the {len(needs)} of this folder")]


def _permissions(facts: ForgeFacts) -> Check:
    name = "permissions"
    if not facts.jobs_permissions:
        return _warn(name, "what a job's token may by default could not be told")
    if facts.jobs_permissions == "write":
        todo = f"Choose `Read repository contents` in {facts.page}/{_ACTIONS_PAGE}"
        said = "where a workflow says nothing, a job's token may write everything"
        return _warn(name, said, todo)
    return _pass(name, "where a workflow says nothing, a job's token may only read")


def _training_pull(
    facts: ForgeFacts, needs: Sequence[WorkflowNeeds], modes: Sequence[str] | None
) -> list[Check]:
    """Which mode is in force for pull requests of searches, and what would happen."""
    name = "training pull request"
    if modes is None:
        return [_warn(name, "branchline.yaml cannot be read", "Type: branchline plan")]
    if not modes:
        return [_pass(name, "none is opened: no branch rule has `open_pull_request`")]
    checks = []
    for mode in sorted(set(modes), key=_MODES.index):
        if mode == "app":
            said = f"mode app: it is opened with {_APP}, and its training starts by itself"
            checks.append(_pass(name, said))
        elif facts.may_jobs_open_pulls is False:
            todo = f"Switch on `{_PULL_SETTING}`: {facts.page}/{_ACTIONS_PAGE}"
            said = f"mode {mode}: GitHub would refuse to open it (`{_PULL_SETTING}` is off)"
            checks.append(_fail(name, said, todo))
        elif mode == "dispatch":
            checks.append(_dispatch(facts, needs))
        else:
            checks.append(_approve(facts))
    return checks


def _approve(facts: ForgeFacts) -> Check:
    name = "training pull request"
    if facts.is_enterprise:
        said = "mode approve: it is opened, and on an Enterprise server its training never starts"
        return _fail(name, said, "Set `open_pull_request: {mode: dispatch}` in branchline.yaml.")
    said = (
        "mode approve: it is opened, and its training waits until somebody who may write presses"
        " `Approve workflows to run` on its page"
    )
    return _known(facts, name, said)


def _dispatch(facts: ForgeFacts, needs: Sequence[WorkflowNeeds]) -> Check:
    name = "training pull request"
    if not any(need.can_be_dispatched for need in needs):
        said = "mode dispatch: no workflow has `workflow_dispatch:`, so none could be started"
        return _fail(name, said, "Type: branchline workflows write")
    if not any(need.dispatches for need in needs):
        said = "mode dispatch: no job has `actions: write`, so none may start the training"
        return _fail(name, said, "Type: branchline workflows write")
    said = (
        "mode dispatch: it is opened, and the job that opened it starts the training, which sets"
        " its check on the pull request's head"
    )
    return _known(facts, name, said)


def _known(facts: ForgeFacts, name: str, said: str) -> Check:
    if facts.may_jobs_open_pulls is None:
        todo = f"Look whether `{_PULL_SETTING}` is on: {facts.page}/{_ACTIONS_PAGE}"
        return _warn(name, f"{said}. Whether GitHub lets it be opened could not be told", todo)
    return _pass(name, said)


def _environments(facts: ForgeFacts, needs: Sequence[WorkflowNeeds]) -> list[Check]:
    name, asked = "environments", sorted({name for need in needs for name in need.environments})
    if not asked:
        return [_pass(name, "no job asks for one")]
    if facts.environments is None:
        return [_warn(name, f"could not be told whether these exist: {', '.join(asked)}")]
    held = {environment.name: environment for environment in facts.environments}
    # GitHub makes what is missing when a job asks for it: open to all branches, without secrets.
    missing = [each for each in asked if each not in held]
    checks = []
    if missing:
        said = f"there is no {', '.join(missing)}: GitHub would make it, open to every branch"
        checks.append(_fail(name, said, f"Make it: {facts.page}/settings/environments"))
    open_ones = [each for each in asked if each in held and _is_open(held[each])]
    if open_ones:
        # Secrets that GitHub does not show, and roles of AWS, are of the environment, too.
        said = f"every branch may use {', '.join(open_ones)}, its secrets, and roles that trust it"
        todo = f"Limit it to the branches that train: {facts.page}/settings/environments"
        checks.append(_warn(name, said, todo))
    return checks or [_pass(name, "; ".join(_shown(held[each]) for each in asked))]


def _is_open(environment: ForgeEnvironment) -> bool:
    return environment.branches is None


def _shown(environment: ForgeEnvironment) -> str:
    limits = [f"from {', '.join(environment.branches)}"] if environment.branches else []
    if environment.reviewers:
        limits.append(f"after one of {environment.reviewers} approved")
    return " ".join([environment.name, *limits])


def _secrets(facts: ForgeFacts, needs: Sequence[WorkflowNeeds]) -> Check:
    name, asked = "secrets", sorted({pair for need in needs for pair in need.secrets})
    if not asked:
        return _pass(name, "no job reads one")
    if facts.secrets is None:
        return _warn(name, f"could not be told whether these exist: {_names(asked)}")
    inner = {each.name: each.secrets for each in facts.environments or ()}
    missing: list[tuple[str, str]] = []
    unsure: list[tuple[str, str]] = []
    there: list[tuple[str, str]] = []
    for environment, secret in asked:
        if secret in facts.secrets or secret in (inner.get(environment) or ()):
            there.append((environment, secret))
            continue
        is_told = not environment or inner.get(environment) is not None
        (missing if is_told else unsure).append((environment, secret))
    if missing:
        environment, secret = missing[0]
        where = f" --env '{environment}'" if environment else ""
        todo = f"Type: gh secret set {secret}{where}"
        said = f"there is no {_names(missing)}: jobs would read it as empty"
        return _fail(name, f"{said}{_and_there(there)}", todo)
    if unsure:
        said = f"could not be told whether these exist: {_names(unsure)}"
        return _warn(name, f"{said}{_and_there(there)}")
    outside = [pair for pair in asked if pair[1] in facts.secrets]
    if outside:
        said = f"{_names(outside)} may be read by every job of every branch that can be pushed"
        return _warn(name, said, "Keep it in an environment: gh secret set NAME --env ENVIRONMENT")
    return _pass(name, f"{_names(asked)}: there, in environments")


def _and_there(pairs: Sequence[tuple[str, str]]) -> str:
    return f"; there: {_names(pairs)}" if pairs else ""


def _names(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({place})" if place else name for place, name in pairs)


def _variables(facts: ForgeFacts, needs: Sequence[WorkflowNeeds]) -> Check:
    name, asked = "variables", sorted({name for need in needs for name in need.variables})
    if not asked:
        return _pass(name, "no job reads one")
    if facts.variables is None:
        return _warn(name, f"could not be told whether these exist: {', '.join(asked)}")
    missing = [each for each in asked if each not in facts.variables]
    if missing:
        todo = f"Type: gh variable set {missing[0]}"
        return _warn(name, f"the repository has no {', '.join(missing)}", todo)
    return _pass(name, f"{', '.join(asked)}: there")


def _runners(facts: ForgeFacts, needs: Sequence[WorkflowNeeds]) -> list[Check]:
    name, asked = "runners", sorted({labels for need in needs for labels in need.labels})
    own = [labels for labels in asked if not all(_is_hosted(label) for label in labels)]
    if not own:
        return [_pass(name, "GitHub's own" if asked else "no job names one")]
    checks = []
    if facts.is_private is False:
        said = "this repository is public and has jobs on machines of your own"
        todo = "Whoever opens a pull request may run code there: use a private repository."
        checks.append(_warn(name, said, todo))
    if facts.runners is None:
        shown = "; ".join(", ".join(labels) for labels in own)
        return [*checks, _warn(name, f"whether a machine has the labels {shown} could not be told")]
    for labels in own:
        wanted, shown = {label.lower() for label in labels}, ", ".join(labels)
        fitting = [
            runner
            for runner in facts.runners
            if wanted <= {label.lower() for label in runner.labels}
        ]
        if not fitting:
            said = f"no machine of the repository has the labels {shown}: a job waits for 24 hours"
            todo = f"Add one: {facts.page}/{_ACTIONS_PAGE}/runners/new (or use an organisation's)."
            checks.append(_fail(name, said, todo))
        elif not any(runner.is_online for runner in fitting):
            said = f"{', '.join(runner.name for runner in fitting)} with {shown} is offline"
            checks.append(_warn(name, said, "Start it: a job waits for it, 24 hours at most."))
    names = ", ".join(runner.name for runner in facts.runners)
    return checks or [_pass(name, f"{names}: online, with every label that jobs ask for")]


def _store(stores: Sequence[str] | None) -> list[Check]:
    """Whether models outlive the machine of the job that trained them."""
    if stores is None:
        return []
    if not all(stores):
        said = "a model that a job trains stands on its machine alone, so no version is registered"
        todo = "Write e.g. `store: s3://bucket/prefix` into branchline.yaml; no job of GitHub's has"
        todo += " a folder, and none has what DVC's remote names only on this machine."
        return [_warn("store", said, todo)]
    return [_pass("store", f"outputs are kept in {', '.join(dict.fromkeys(stores))}")]


def _is_hosted(label: str) -> bool:
    return label.startswith(_HOSTED)


def _required(facts: ForgeFacts, gates: Sequence[str]) -> Check:
    name, branch = "required checks", facts.default_branch
    if facts.required_checks is None:
        return _warn(name, f"what {branch} requires could not be told")
    if not facts.required_checks:
        said = f"{branch} requires none: a pull request whose gate failed can be merged"
        gate = f"`{gates[0]}`" if gates else "the gate's job"
        return _warn(name, said, f"Require {gate}: {facts.page}/settings/rules")
    missing = [gate for gate in gates if gate not in facts.required_checks]
    if missing:
        said = f"{branch} requires {', '.join(facts.required_checks)}, but not {missing[0]}"
        return _warn(name, said, f"Require it: {facts.page}/settings/rules")
    return _pass(name, f"{branch} requires {', '.join(facts.required_checks)}")


def _filtered(facts: ForgeFacts, needs: Sequence[WorkflowNeeds]) -> list[Check]:
    """Checks that are required, and that some pull requests never get."""
    todo = "Take the filter out, and let a job decide by content: branchline ci plan."
    return [
        _fail(
            "required checks",
            f"{need.path}:{line}: a pull request that touches none of these paths never gets"
            f" `{name}`, which {facts.default_branch} requires: it cannot be merged",
            todo,
        )
        for need in needs
        for name, line in need.filtered
        if name in (facts.required_checks or ())
    ]


def _schedules(facts: ForgeFacts, needs: Sequence[WorkflowNeeds], now_s: float) -> list[Check]:
    """Whether GitHub is about to switch off the schedules of a public repository."""
    name, scheduled = "schedules", [need.path for need in needs if need.is_scheduled]
    if not scheduled or facts.is_private is not False:
        return []
    rule = f"GitHub switches schedules of public repositories off after {_QUIET_DAYS} quiet days"
    if facts.pushed_at_s is None:
        return [_warn(name, f"{rule}; when the last push was could not be told")]
    days = int(max(0.0, now_s - facts.pushed_at_s) // 86_400)
    said = f"{rule}; the last push was {days} day{'' if days == 1 else 's'} ago"
    if days < _QUIET_DAYS - _WARNED_DAYS:
        return [_pass(name, said)]
    file = scheduled[0].rpartition("/")[2]
    return [_warn(name, said, f"Push a commit in time, or type: gh workflow enable {file}")]


def _issues(facts: ForgeFacts, needs: Sequence[WorkflowNeeds]) -> list[Check]:
    """Whether what tells of alarms by an issue can make one."""
    if not any(need.opens_issues for need in needs) or facts.has_issues:
        return []
    if facts.has_issues is None:
        return [_warn("issues", "whether the repository has issues could not be told")]
    said = "an alarm is told by an issue, and this repository has none"
    return [_fail("issues", said, f"Switch on `Issues`: {facts.page}/settings")]


def _untold(facts: ForgeFacts, token_from: str) -> Check:
    said = f"this token was not told: {'; '.join(facts.untold)}"
    todo = (
        f"Give {token_from} of a person who administers the repository, e.g. from `gh auth token`."
    )
    return _warn("not told", said, todo)


def _pass(name: str, sentence: str) -> Check:
    return Check(name=name, health=Health.PASS, sentence=sentence)


def _warn(name: str, sentence: str, todo: str = "") -> Check:
    return Check(name=name, health=Health.WARN, sentence=sentence, todo=todo)


def _fail(name: str, sentence: str, todo: str) -> Check:
    return Check(name=name, health=Health.FAIL, sentence=sentence, todo=todo)
