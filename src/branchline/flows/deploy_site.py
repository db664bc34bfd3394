"""Where deployments are made from, and what became of one, as values. Serves the flow `deploy`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.effects.deployed import attempt_to_text, attempts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from branchline.core.effects.deployed import Attempt, StepDone
    from branchline.core.effects.deploying import Target
    from branchline.core.effects.registering import RegistryRules
    from branchline.ports.commands import Commands
    from branchline.ports.deployments import Deployments
    from branchline.ports.registry import ModelVersion, Registry


BEGUN, ENDED = "begun", "ended"
"""Names of the two records of an attempt."""


class DeployState(Enum):
    """What a call did with one environment.

    STANDS: the version stood there before. WAITS: a person deploys there, and did not name it.
    NOT_REACHED: an environment before it did not get the version. PLANNED: a dry run would deploy.
    NOTHING: no version is registered that could be deployed, and that was to be no error.
    """

    DEPLOYED = "deployed"
    STANDS = "stands"
    PLANNED = "planned"
    HELD = "held"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    WAITS = "waits"
    NOT_REACHED = "not_reached"
    NOTHING = "nothing"

    @property
    def is_well(self) -> bool:
        """Whether the version stands there, or would be deployed."""
        return self in (DeployState.DEPLOYED, DeployState.STANDS, DeployState.PLANNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What became of one environment.

    Attributes:
        environment: Its name. version: What was to stand there; "" where that is not known.
        previous: What stood there before; "" for nothing.
        state: What was done. sentence: The same for people, without a full stop.
        steps: Commands that ran. log: Where their output is kept; "" for none. url: Of the service.
    """

    environment: str
    state: DeployState
    sentence: str
    version: str = ""
    previous: str = ""
    steps: tuple[StepDone, ...] = ()
    log: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where deployments of one model are made from.

    Attributes:
        model: Its name. root: Absolute working folder of the commands: the default branch's tree.
        code: Commit of that tree. registry, rules: Which version is where.
        deployments: What became of earlier ones. commands: Runs what the team wrote.
        lay_out: Version -> absolute folder with its files, every byte checked.
        timeout_s: Target -> seconds of each of its commands.
        environ: Variables of this process. foreign: Names that are other environments' own.
        logs: Absolute folder. by: Who. now: The clock, UTC. new_id: Eight characters of chance.
        say: Told what is done. show: Gets each line that a command prints.
        announce: Shares the records before commands run: whoever dies then leaves them elsewhere.
        send: Shares the records, and what stands; called when a deployment ended.
    """

    model: str
    root: str
    code: str
    registry: Registry
    rules: RegistryRules
    deployments: Deployments
    commands: Commands
    lay_out: Callable[[ModelVersion], str]
    timeout_s: Callable[[Target], float]
    environ: Mapping[str, str]
    foreign: Callable[[Target], frozenset[str]]
    logs: str
    by: str
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    say: Callable[[str], None]
    show: Callable[[str], None]
    announce: Callable[[], None] = field(default=lambda: None)
    send: Callable[[], None] = field(default=lambda: None)

    def record(self, attempt: Attempt, name: str) -> None:
        """Keep a record: `begun` or `ended`."""
        place = f"{attempt.attempt}/{name}"
        self.deployments.add(self.model, attempt.environment, place, attempt_to_text(attempt))

    def attempts(self, environment: str) -> tuple[Attempt, ...]:
        """What was tried there, oldest first.

        Raises:
            RecordError: A record cannot be read: whether a version is held is not known then.
        """
        return attempts_of(self.deployments.of(self.model, environment))

    def holder(self, environment: str) -> tuple[str, str]:
        """The version that the registry names for an environment, and why; "" for none."""
        held = [v.version for v in self.registry.versions(self.model) if environment in v.stages]
        if not held:
            return "", ""
        events = self.registry.history(self.model, environment)
        reasons = [event.reason for event in events if event.version == held[-1]]
        return held[-1], reasons[-1] if reasons else ""

    def label(self, version: str) -> str:
        """`model@version`."""
        return f"{self.model}@{version}"
