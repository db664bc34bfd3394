"""Every error that a user can meet: a slug to look it up, an exit code, a remedy.

This module serves all rooms and imports none. A failed gate is a verdict (exit code 3), not an
error. Messages say what is wrong, where, with which value; `todo` says what to do instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_FINE = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_VERDICT_FAILED = 3
EXIT_VERDICT_UNKNOWN = 4
EXIT_UNFINISHED = 75
"""A search that had to end; the same command goes on. EX_TEMPFAIL of sysexits.h."""
EXIT_INTERRUPTED = 130


class BranchlineError(Exception):
    """Base of all errors shown to users; never raised itself.

    Args:
        message: What is wrong, where (`file:line`), with which value. One sentence.
        todo: What to do or to write instead. One sentence; empty where nothing helps.
        details: Further lines, one fact each (the end of a log, the list of candidates).
    """

    slug: ClassVar[str] = "error"
    exit_code: ClassVar[int] = EXIT_ERROR

    def __init__(self, message: str, *, todo: str = "", details: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.todo = todo
        self.details = tuple(details)


class UsageError(BranchlineError):
    """The command line does not fit: an unknown command, option or value."""

    slug = "usage"
    exit_code = EXIT_USAGE


class ConfigError(BranchlineError):
    """branchline.yaml cannot be used; all its problems are in `details`, each with file:line."""

    slug = "config"


class ModelTestError(BranchlineError):
    """A test of the model cannot have what it asked for: model, data, champion, a library."""

    slug = "model-test"

    def __str__(self) -> str:
        """Message, details and remedy: pytest shows nothing else."""
        return "\n".join(text for text in (self.message, *self.details, self.todo) if text)


class PipelineError(BranchlineError):
    """dvc.yaml, a .dvc file or `stages:` cannot be used: grammar, cycle, overlapping outputs."""

    slug = "pipeline"


class DocumentError(BranchlineError):
    """A YAML, JSON, TOML or parameter file cannot be read; names file, line and column."""

    slug = "document"


class DataSchemaError(BranchlineError):
    """A schema file of `data.validate` cannot be used; names file and line."""

    slug = "data-schema"


class DataError(BranchlineError):
    """Data that are to be checked cannot be read: not there, broken, or outside the repository."""

    slug = "data"


class BadDataError(BranchlineError):
    """The data are bad whatever a search tries, so that it ends; `details` are the broken rules."""

    slug = "bad-data"
    exit_code = EXIT_VERDICT_FAILED


class DataCheckError(BranchlineError):
    """A check of the project's own (pandera, Great Expectations, Evidently) could not run."""

    slug = "data-check"


class ParamsError(BranchlineError):
    """A tracked parameter is missing from its file, or its file is missing."""

    slug = "params"


class MissingInputError(BranchlineError):
    """A declared input is neither on disk nor known to the store."""

    slug = "missing-input"


class CodeError(BranchlineError):
    """A source file in the closure of a stage cannot be parsed or an import cannot be found."""

    slug = "code"


class RepositoryError(BranchlineError):
    """There is no git repository here, or git refused."""

    slug = "repository"


class ProgramKilledError(BranchlineError):
    """git, or another program of ours, was killed from outside; a box takes its job up again."""

    slug = "program-killed"


class PullRequestError(BranchlineError):
    """A pull request cannot be opened, approved or merged as things stand; `details` say why."""

    slug = "pull-request"


class PushRefusedError(BranchlineError):
    """A push to a box is refused: a name, a branch rule or an option; nothing was changed."""

    slug = "push-refused"


class BoxError(BranchlineError):
    """A box (a repository that trains what is pushed to it) cannot be made, reached or used."""

    slug = "box"


class HookError(BranchlineError):
    """A webhook is not what the forge's own description says; nothing came of it."""

    slug = "hook"


class UpstreamError(BranchlineError):
    """The repository that a box follows cannot be reached or read; it is tried again."""

    slug = "upstream"


class RecordError(BranchlineError):
    """A record under refs/branchline cannot be read or written."""

    slug = "record"


class UnknownNameError(BranchlineError):
    """A run, stage, metric or other name that does not exist; the nearest one is in `todo`."""

    slug = "unknown-name"
    exit_code = EXIT_USAGE


class SeveralModelsError(UnknownNameError):
    """A command that works on one model, in a repository of several; `--model NAME` names it.

    Args:
        message: As of every error.
        models: Their names, in the order in which they are declared.
    """

    slug = "several-models"

    def __init__(self, message: str, *, models: Iterable[str], todo: str = "") -> None:
        super().__init__(message, todo=todo)
        self.models = tuple(models)


class StoreError(BranchlineError):
    """The content store cannot be read or written, or an object is missing or damaged."""

    slug = "store"


class RegistryError(BranchlineError):
    """The registry refuses: a retired version, a protected stage, a conflict, or damaged files."""

    slug = "registry"


class DeploymentError(BranchlineError):
    """A deployment cannot be begun: nothing to deploy, the wrong branch, an order that is kept."""

    slug = "deployment"


class NothingToDeployError(BranchlineError):
    """No version could be deployed: none passed, none stands before, no environment is named."""

    slug = "nothing-to-deploy"


class EffectError(BranchlineError):
    """An effect cannot be applied: nobody here does it, or the other side does not answer."""

    slug = "effect"


class CiError(BranchlineError):
    """A job of a forge's CI is not told what it needs, or results of another job are unusable."""

    slug = "ci"


class ForgeError(BranchlineError):
    """A forge (GitHub) refuses, or answers what cannot be understood; `todo` says what it needs."""

    slug = "forge"


class ForgeMissingError(ForgeError):
    """A forge has no such thing (repository, branch, workflow), or hides it from this token."""

    slug = "forge-missing"


class ForgePermissionError(ForgeError):
    """The token may not do that; names the permission, and the YAML that grants it."""

    slug = "forge-permission"


class ForgeTokenError(ForgeError):
    """There is no token for a forge, or the forge does not know it (any more)."""

    slug = "forge-token"


class ForgeUnreachableError(ForgeError):
    """A forge gave no answer, or asks to wait for longer than we do; try again later."""

    slug = "forge-unreachable"


class LockFileError(BranchlineError):
    """dvc.lock cannot be read."""

    slug = "lock-file"


class BusyError(BranchlineError):
    """Another process holds the workspace and waiting was not wanted or took too long."""

    slug = "busy"


class StageFailedError(BranchlineError):
    """A stage ended with an error, left an output out, or ran past its limit."""

    slug = "stage-failed"


class LedgerError(BranchlineError):
    """The ledger (the database of what is happening now) cannot be opened or is damaged."""

    slug = "ledger"


class MissingExtraError(BranchlineError):
    """An optional part is not installed; `todo` is the command that installs it."""

    slug = "missing-extra"


class MissingToolError(BranchlineError):
    """A program that is needed (git, strace) is not on this machine; `todo` says how to get it."""

    slug = "missing-tool"


class EnvironmentFailedError(BranchlineError):
    """Packages cannot be found or installed; `details` are the installer's words, no passwords."""

    slug = "environment"


class InterruptedRunError(BranchlineError):
    """Ctrl-C or SIGTERM: children were stopped, the run is recorded as cancelled."""

    slug = "interrupted"
    exit_code = EXIT_INTERRUPTED
