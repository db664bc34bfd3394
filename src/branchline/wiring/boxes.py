"""Picks the adapters of a box, and of the remotes of a clone that are boxes.

Adapters are imported where they are made, so that a command loads what it uses.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from branchline.adapters.git import Git
    from branchline.adapters.sql import Database
    from branchline.config.settings_files import SettingsFiles
    from branchline.core.policy import BranchRule
    from branchline.flows.box import Box
    from branchline.flows.doctor import Check
    from branchline.flows.remotes import BoxOptions, MadeBox
    from branchline.ports.box import BoxSettings
    from branchline.ports.far import Address, Far
    from branchline.ports.remotes import Remotes


@contextmanager
def open_box(where: str, *, quarantine: Mapping[str, str] | None = None) -> Iterator[Box]:
    """Open a box on this machine, and close what was opened.

    Args:
        where: Path of its bare repository.
        quarantine: Variables by which a hook's git sees what was pushed and is not taken yet.

    Raises:
        BoxError: There is no box.
    """
    from branchline.adapters.box import LocalBox
    from branchline.flows.box import Box

    path = os.path.realpath(where)
    files = LocalBox(path)
    settings = files.settings()
    box = Box(
        path=path,
        ports={
            "box": lambda: files,
            "settings": lambda: settings,
            **_box_ports(path, quarantine),
            **_ledger_ports(settings.ledger or os.path.join(files.state_dir, "ledger.db")),
        },
    )
    try:
        yield box
    finally:
        for name in ("queue", "records", "database"):
            close = getattr(box.made(name), "close", None)
            if close is not None:
                close()


def make_box(where: str, options: BoxOptions) -> MadeBox:
    """Make a box on this machine, or bring one up to date: settings, hooks, rules.

    Args:
        where: Path of its bare repository; `~` is the home folder.
        options: What is not None replaces what the box has.

    Raises:
        BoxError: The folder holds something else.
        LedgerError: The ledger's URL cannot be read.
        MissingExtraError: What talks to the ledger's database is not installed.
    """
    from branchline.adapters.box import LocalBox
    from branchline.adapters.box.accounts import check_giving, check_starts, give
    from branchline.flows.making import plan_settings
    from branchline.flows.receive import read_law, refresh_rules
    from branchline.flows.remotes import MadeBox
    from branchline.generate.hooks import box_hooks

    path = os.path.realpath(os.path.expanduser(where))
    files = LocalBox(path)
    settings = _at_home(plan_settings(files, options, _this_side(), _head_of(path)))
    if settings.user:
        check_giving(path, settings.user)
        check_starts(settings.python, settings.user)
    if settings.ledger:
        from branchline.adapters.sql import open_database

        open_database(settings.ledger)  # before anything is made; nothing is reached by this
    is_new = files.create(settings, box_hooks(path, settings))
    with open_box(path) as box:
        refresh_rules(box, read_law(box, branch_rules))
    if settings.user:
        give(path, settings.user)
    return MadeBox(
        path=path,
        is_new=is_new,
        default_branch=settings.default_branch,
        python=settings.python,
    )


def _at_home(settings: BoxSettings) -> BoxSettings:
    """The settings of a box with the home folder of the account that works for it."""
    from dataclasses import replace

    from branchline.adapters.box.accounts import account

    if not settings.user:
        return settings
    home = account(settings.user).pw_dir
    return replace(settings, environment={**settings.environment, "HOME": home})


def check_box(where: str) -> Sequence[Check]:
    """How a box on this machine stands, for `remote check`."""
    from branchline.flows.box_check import check_box as check
    from branchline.generate.hooks import box_hooks
    from branchline.version import __version__

    with open_box(where) as box:
        return check(box, box_hooks(box.path, box.settings), version=__version__)


def delete_box(where: str) -> bool:
    """Remove a box on this machine, with everything in it; an idle worker of it is stopped.

    Returns:
        False when nothing stood there.

    Raises:
        BoxError: It is no box, cannot be removed, or has work to do.
    """
    from branchline.flows.making import refuse_busy

    path = os.path.realpath(os.path.expanduser(where))
    if not os.path.lexists(path):
        return False
    with open_box(path) as box:
        refuse_busy(box.box, box.queue)
        files = box.box
    files.stop_worker()
    files.delete()
    return True


def _this_side() -> BoxSettings:
    """The interpreter and the surroundings of this process, for what hooks start later."""
    import subprocess
    import sys
    from dataclasses import replace

    import branchline
    from branchline.ports.box import BoxSettings

    names = ("PATH", "HOME", "LANG", "TMPDIR")
    found = {name: os.environ[name] for name in names if os.environ.get(name)}
    settings = BoxSettings(python=sys.executable, environment=found)
    here = os.path.dirname(os.path.dirname(os.path.abspath(branchline.__file__)))
    code = "import os, branchline; print(os.path.dirname(os.path.dirname(branchline.__file__)))"
    try:
        said = subprocess.run(
            [sys.executable, "-P", "-c", code],
            env=settings.variables(),
            capture_output=True,
            check=False,
            cwd="/",
            timeout=60,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = b""
    is_installed = os.fsdecode(said).strip() == here
    return settings if is_installed else replace(settings, python_path=here)


def _head_of(path: str) -> str:
    """The branch of a bare repository's HEAD; "" where there is none."""
    try:
        with open(os.path.join(path, "HEAD"), encoding="utf-8", errors="replace") as file:
            head = file.read().strip()
    except OSError:
        return ""
    prefix = "ref: refs/heads/"
    return head.removeprefix(prefix) if head.startswith(prefix) else ""


def open_remotes(start: str = ".") -> Remotes:
    """The git remotes of the clone that holds a folder.

    Raises:
        RepositoryError: No git repository.
    """
    from branchline.adapters.git import Git
    from branchline.adapters.git.remotes import GitRemotes

    return GitRemotes(Git.open(start))


def recent_authors(start: str = ".") -> tuple[str, ...]:
    """Addresses of those who wrote the last commits, most often first; empty without any."""
    from collections import Counter

    from branchline.adapters.git import Git

    answer = Git.open(start).ask(["log", "-n", "500", "--format=%aE"])
    counted = Counter(os.fsdecode(answer.out).splitlines())
    return tuple(address for address, _ in counted.most_common())


def branch_instead(wanted: str, start: str = ".") -> str:
    """The branch that a clone is on, where it does not know a branch of this name; else ""."""
    from branchline.adapters.git import Git, GitRepo

    repo = GitRepo(Git.open(start))
    branch = repo.head(details=False).branch
    names = [f"refs/heads/{wanted}", f"refs/remotes/origin/{wanted}"]
    if not branch or branch == wanted or any(repo.resolve(name) for name in names):
        return ""
    return branch


def first_push(remote: str, branch: str, start: str = ".") -> tuple[str, bool]:
    """What to type in a clone to push to a new box, and whether the clone is shallow.

    Git takes no push from a shallow clone into a repository that lacks the older commits.
    """
    from branchline.adapters.git import Git, GitRepo
    from branchline.flows.remotes import first_push as push

    git = Git.open(start)
    said = git.ask(["rev-parse", "--is-shallow-repository"]).out.strip()
    return push(GitRepo(git), remote, branch), said == b"true"


def default_branch_of_clone(start: str = ".") -> str | None:
    """The default branch of a clone, or the branch that it is on where it has none.

    `main` where it has neither; None where the name is one that a box does not take.
    """
    from branchline.adapters.git import Git, GitRepo
    from branchline.core.trigger.refnames import HEADS, why_refused

    repo = GitRepo(Git.open(start))
    wanted = repo.default_branch()
    branch = branch_instead(wanted, start) or wanted
    return None if why_refused(f"{HEADS}{branch}") else branch


def open_far(address: Address, remotes: Remotes | None = None) -> Far:
    """The machine of a box that is reached over SSH."""
    from branchline.adapters.ssh import SshFar

    command = remotes.ssh_command() if remotes else ("ssh",)
    return SshFar(command, address.host, address.port)


def find_box(start: str = ".", name: str | None = None) -> Address:
    """Where the box is that a command is about.

    Args:
        start: A folder of a clone whose remote it is, or of the box itself.
        name: Of the remote; None takes the only one, or the one that is called `box`.

    Raises:
        UnknownNameError: No box, several, or none of that name.
    """
    from branchline.adapters.box import is_box
    from branchline.adapters.git.plumbing import find_places
    from branchline.flows.addresses import address_of_remote
    from branchline.flows.remotes import choose_box
    from branchline.ports.far import Address

    places = find_places(start)
    if name is None and is_box(places.common_dir):
        return Address(path=places.common_dir)
    return address_of_remote(choose_box(open_remotes(start), name))


def over_ssh(address: Address, words: Sequence[str], start: str = ".") -> int:
    """Run a command of a box on the box's own machine; its output comes here as it is made.

    Args:
        address: From `find_box`; has a host.
        words: Of the command, without `--remote`: ("queue", "--json").
        start: A folder of the clone, whose settings say how SSH is started.

    Returns:
        Its exit code.
    """
    far = open_far(address, open_remotes(start))
    return far.stream([address.python, "-m", "branchline", "-C", address.path, *words])


def _box_ports(path: str, quarantine: Mapping[str, str] | None) -> dict[str, Callable[[], object]]:
    """How each port of a box is made."""

    @cache
    def git() -> Git:
        from branchline.adapters.git import Git
        from branchline.adapters.git.plumbing import find_places

        return Git(find_places(path), quarantine=quarantine)

    def repo() -> object:
        from branchline.adapters.git import GitRepo

        return GitRepo(git())

    def branches() -> object:
        from branchline.adapters.git.branches import GitBranches

        return GitBranches(git())

    def records() -> object:
        from branchline.adapters.dvc.cache_database import CacheDatabase
        from branchline.adapters.dvc.run_file_cache import SqliteRunFileCache
        from branchline.adapters.git import GitRecords
        from branchline.flows.places import Places

        return GitRecords(git(), SqliteRunFileCache(CacheDatabase(Places(path).meanings)))

    def registry() -> object:
        from branchline.adapters.git.registry import GitRegistry

        return GitRegistry(git())

    return {"repo": repo, "branches": branches, "records": records, "registry": registry}


def _ledger_ports(place: str) -> dict[str, Callable[[], object]]:
    """How queue and forge are made, in one database."""

    @cache
    def database() -> Database:
        from branchline.adapters.sql import open_database

        return open_database(place)

    def queue() -> object:
        from branchline.adapters.sql import SqlQueue

        return SqlQueue(database())

    def forge() -> object:
        from branchline.adapters.sql import SqlForge

        return SqlForge(database())

    return {"database": database, "queue": queue, "forge": forge}


@lru_cache(maxsize=8)
def branch_rules(found: SettingsFiles | None) -> tuple[tuple[BranchRule, ...], ...]:
    """The branch rules of each model of a tree's settings; of None, the built-in ones.

    Raises:
        ConfigError: It cannot be used.
    """
    from branchline.config.branchline_yaml import default_config

    config = default_config("model") if found is None else found.load()
    return tuple(model.policy.branches for model in config.models)


def user_name() -> str:
    """Who is at work, as the hooks of a box know their pushers.

    `BRANCHLINE_USER`, which a server may set for each key, or the login name.
    """
    import pwd

    named = os.environ.get("BRANCHLINE_USER") or os.environ.get("REMOTE_USER")
    if named:
        return named[:100]
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a number that no account has
        return f"user-{os.geteuid()}"
