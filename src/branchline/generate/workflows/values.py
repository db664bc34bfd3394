"""What decides the text of one model's workflows, as values; `facts` makes them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from branchline.core.plan.ci_machines import OWN
from branchline.generate.workflows.header import digest

_HOSTED = re.compile(
    r"(?:ubuntu|macos|windows)-(?:latest|slim|[0-9]{2,4}(?:\.[0-9]{2})?)(?:-(?:arm|intel|large|xlarge))?"
)


def may_be_own(labels: tuple[str, ...]) -> bool:
    """Whether labels may lead to a machine of the team: a label that GitHub gives none of its own.

    >>> may_be_own(("ubuntu-24.04",)), may_be_own(("gpu-box",)), may_be_own(("self-hosted", "gpu"))
    (False, True, True)
    """
    return len(labels) != 1 or _HOSTED.fullmatch(labels[0]) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """One check of the code.

    Attributes:
        axes: A matrix: name -> values, as texts. exclude: Legs of it that are left out.
        is_beside: Whether the training does not wait for it.
        minutes: Most minutes of its job.
    """

    name: str
    run: str
    axes: tuple[tuple[str, tuple[str, ...]], ...]
    exclude: tuple[tuple[tuple[str, str], ...], ...]
    runs_on: tuple[str, ...]
    is_beside: bool
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsFacts:
    """Access to AWS by the job's identity."""

    role: str
    region: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFacts:
    """A GitHub App: names of the variable and of the secret, and where that stands."""

    client_id: str
    private_key: str
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneFacts:
    """The search: on which branches and machine, how long a job of it may last, what follows."""

    patterns: tuple[str, ...]
    runs_on: tuple[str, ...]
    minutes: int
    deadline_minutes: int
    opens_pull_request: bool
    mode: str
    app: AppFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorFacts:
    """Watching the model in production.

    Attributes:
        schedule: Five fields of cron; "" for by hand only. minutes: Most minutes of a look.
        asks_for_training: Whether a look may start the workflow that trains.
    """

    schedule: str
    minutes: int
    asks_for_training: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """Stages that are trained by one job, on one machine.

    Attributes:
        stages: Their addresses. runs_on: Labels of the machine. minutes: Most minutes of the job.
    """

    stages: tuple[str, ...]
    runs_on: tuple[str, ...]
    minutes: int

    @property
    def is_own_runner(self) -> bool:
        """Whether the machine is the team's."""
        return OWN in self.runs_on


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployFacts:
    """One environment that a job deploys to.

    Attributes:
        environment: Its name, here and at GitHub. job: Id of its job.
        after: Id of the job of the environment that it needs; "" for none.
        url: Where the service answers; "" when not said.
        secrets, variables: Names that its commands get. minutes: Most minutes of its job.
    """

    environment: str
    job: str
    after: str
    url: str
    secrets: tuple[str, ...]
    variables: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that decides the text of one model's workflows.

    Attributes:
        model: Its name. slug: The same where `/` may not stand.
        is_only: Whether the repository has one model: names are shorter then.
        push, pull_requests: Patterns of branches; empty means not woken by that.
        fork_trains: Whether pull requests of forks train.
        registers: Whether the default branch registers.
        deploys: Environments that it deploys to, each after the one that it needs.
        runs_on: Labels of the small jobs.
        parts: Jobs of the training, one after the other; the last one gives the verdict.
        install: Command that installs what stages need; "" for none.
        locks: Files whose content says what is installed.
        registry: Those of `secrets` and `variables` that a registration needs.
        store: Kind of the place where outputs are kept (`s3`, `folder`, ...); "" for none.
        requirements: File that installs Branchline; `writes_requirements`: we write it.
        is_minimal: Whether the short form is asked for.
        extras: Of Branchline, that the settings need, sorted.
    """

    model: str
    slug: str
    is_only: bool
    default_branch: str
    push: tuple[str, ...]
    pull_requests: tuple[str, ...]
    fork_trains: bool
    schedule: str
    checks: tuple[CheckFacts, ...]
    python: str
    runs_on: tuple[str, ...]
    parts: tuple[PartFacts, ...]
    install: str
    locks: tuple[str, ...]
    requirements: str
    writes_requirements: bool
    store: str
    extras: tuple[str, ...]
    secrets: tuple[str, ...]
    variables: tuple[str, ...]
    registry: tuple[str, ...]
    train_environment: str
    pull_environment: str
    registers: bool
    register_environment: str
    aws: AwsFacts | None
    tune: TuneFacts | None
    monitor: MonitorFacts | None
    retention_days: int
    free_disk: bool
    is_enterprise: bool
    is_minimal: bool
    deploys: tuple[DeployFacts, ...] = ()

    @property
    def register_takes_role(self) -> bool:
        """Whether the job that registers looks into a store which a role of AWS opens."""
        return self.aws is not None and self.store == "s3"

    @property
    def digest(self) -> str:
        """Twelve characters that stand for all of it."""
        return digest(json.dumps(asdict(self), sort_keys=True))

    @property
    def writes_beside_trainings(self) -> bool:
        """Whether jobs that may write share machines, which live on, with code of branches."""
        return may_be_own(self.runs_on) and any(
            set(self.runs_on) <= set(part.runs_on) for part in self.parts
        )

    @property
    def is_own_runner(self) -> bool:
        """Whether any of a training runs on machines of the team."""
        return any(part.is_own_runner for part in self.parts)
