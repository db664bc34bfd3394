"""Values of the station `effects`: what the world gets to know, as data.

Each is an *ensure*: applying it twice is applying it once. `identity` says when two are the same.
Nothing here does anything; `flows.apply` is the only place of effects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCheck:
    """A check of a commit: `state` is a value of `ports.forge.CheckState`.

    Attributes:
        only_pending: Only where it is still said of the same job that it is to come.
    """

    commit: str
    name: str
    state: str
    summary: str
    job: int | None = None
    only_pending: bool = False

    @property
    def identity(self) -> str:
        """Job and check: a later job says something new."""
        return f"check:{self.commit}:{self.name}:{self.job or 0}:{self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StickyComment:
    """The one report of a pull request, replaced by each run."""

    pull_request: int
    marker: str
    body: str
    run: str

    @property
    def identity(self) -> str:
        """One for each run."""
        return f"comment:{self.pull_request}:{self.marker}:{self.run}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPullRequest:
    """A branch with one commit on top of `base_commit`, and a pull request for it.

    Attributes:
        branch, into: Short names. base_commit: Full hash that the commit stands on.
        files: Path -> text that the commit sets.
        title, body, message: Texts. mode: approve, dispatch or app.
        author: Who commits, as `Name <address>`; "" is Branchline.
    """

    branch: str
    into: str
    base_commit: str
    files: Mapping[str, str]
    title: str
    body: str
    message: str
    mode: str = "approve"
    labels: tuple[str, ...] = ()
    is_draft: bool = False
    author: str = ""

    @property
    def identity(self) -> str:
        """Branch, base and what is written."""
        from branchline.core.values import digest_of

        content = digest_of([self.into, self.base_commit, dict(self.files)])
        return f"pull:{self.branch}:{content[:24]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A version of a model, and the stage that it gets ("" for none)."""

    model: str
    commit: str
    run: str
    digest: str
    paths: Mapping[str, str] = field(default_factory=dict)
    outcome: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    stage: str = ""
    by: str = ""

    @property
    def identity(self) -> str:
        """Model, commit and content."""
        return f"register:{self.model}:{self.commit}:{self.digest}:{self.stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote:
    """A stage for a registered version."""

    model: str
    version: str
    stage: str
    by: str
    reason: str = ""

    @property
    def identity(self) -> str:
        """Model, version and stage; the registry itself ignores what already holds."""
        return f"promote:{self.model}:{self.version}:{self.stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """A registered version for the environments of `deploy:`, in their order.

    Attributes:
        commit: Whose registration it follows, and whose code deploys. digest: Of its files.
        environments: Names, to tell people. by: Who, as `Name <address>`.
    """

    model: str
    commit: str
    digest: str
    environments: tuple[str, ...] = ()
    by: str = ""

    @property
    def identity(self) -> str:
        """Model, commit and content."""
        return f"deploy:{self.model}:{self.commit}:{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRun:
    """An annotated tag of git's on the commit of a run that passed.

    Attributes:
        run: Id of the run; the tag is `passed/RUN`. commit: Full hash. message: What passed.
    """

    run: str
    commit: str
    message: str

    @property
    def name(self) -> str:
        """Of the tag."""
        return f"passed/{self.run}"

    @property
    def identity(self) -> str:
        """One a run."""
        return f"tag:{self.name}:{self.commit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A run (and the version made of it) for a tracker such as MLflow.

    Attributes:
        kind: Adapter's name. uri: Where. body: What is sent, plain values.
    """

    kind: str
    uri: str
    run: str
    body: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Tracker and content."""
        from branchline.core.values import digest_of

        return f"mirror:{self.kind}:{self.run}:{digest_of(dict(self.body))[:24]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotate:
    """Sentences at lines of a commit's files, as a check of that commit.

    Attributes:
        commit: Full hash. name: Of the check.
        body: `notes`, a list of [level, file, line, title, text].
    """

    commit: str
    name: str
    body: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Commit, check and what is said."""
        from branchline.core.values import digest_of

        return f"annotate:{self.commit}:{self.name}:{digest_of(dict(self.body))[:24]}"


Effect: TypeAlias = (
    SetCheck
    | StickyComment
    | OpenPullRequest
    | Register
    | Promote
    | Deploy
    | TagRun
    | Mirror
    | Annotate
)
