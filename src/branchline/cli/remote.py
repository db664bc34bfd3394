"""`branchline remote add|list|check|remove`: git remotes that train what is pushed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json, add_verbs
from branchline.errors import EXIT_ERROR, EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.core.values import JsonValue
    from branchline.flows.doctor import Check
    from branchline.flows.remotes import BoxOptions, MadeBox
    from branchline.ports.far import Address
    from branchline.ports.remotes import Remote

__all__ = ["configure", "execute", "made_to_json", "remotes_to_json"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = add_verbs(parser)
    add = verbs.add_parser("add", help="make a box and add it as a git remote; again: update it")
    add.add_argument("name", metavar="NAME", help="how you call it, e.g. box")
    add.add_argument("where", metavar="PATH|USER@HOST:PATH", help="its bare repository")
    add.add_argument(
        "--python",
        metavar="PATH",
        help="interpreter on the other side that has Branchline (python3)",
    )
    _add_box_options(add, branch="the clone's, for a new box")
    add_json(add)
    listed = verbs.add_parser("list", help="the boxes of this clone")
    add_json(listed)
    check = verbs.add_parser("check", help="whether a box works; ends with 1 when not")
    check.add_argument("name", metavar="NAME", nargs="?", help="of the remote")
    add_json(check)
    remove = verbs.add_parser("remove", help="forget a box here")
    remove.add_argument("name", metavar="NAME", help="of the remote")
    remove.add_argument(
        "--delete", action="store_true", help="remove its repository and all that it made, too"
    )
    # What `add`, `check` and `remove --delete` call on the box's own machine.
    init = verbs.add_parser("init", help="make the box itself, without a remote")
    init.add_argument("--box", metavar="PATH", required=True, help="its bare repository")
    init.add_argument("--name", metavar="NAME", help="how pushers call it (box)")
    task = init.add_mutually_exclusive_group()
    task.add_argument("--check", action="store_true", help="see whether it works instead")
    task.add_argument("--delete", action="store_true", help="remove it instead")
    _add_box_options(init, branch="main, for a new box")
    init.add_argument(
        "--branch-if-new", metavar="B", help="default branch of a box that has none yet (main)"
    )
    add_json(init)


def _add_box_options(parser: argparse.ArgumentParser, *, branch: str) -> None:
    parser.add_argument(
        "--default-branch",
        metavar="B",
        help=f"whose branchline.yaml rules; the box's HEAD ({branch})",
    )
    parser.add_argument(
        "--ledger",
        metavar="URL",
        help="database of the queue, postgresql://... (- reads it from the standard input);"
        " else a file there",
    )
    parser.add_argument(
        "--ref-characters", metavar="TEXT", help="what names may hold beyond letters, digits, ._/-"
    )
    parser.add_argument(
        "--most-bytes", metavar="N", type=int, help="largest push that is taken; 0: no limit"
    )
    parser.add_argument(
        "--user", metavar="U", help="account that owns the box and works for it (whoever makes it)"
    )


def execute(options: argparse.Namespace, console: Console) -> int:
    """Do what the verb says."""
    verbs = {"add": _add, "list": _list, "check": _check, "remove": _remove, "init": _init}
    return verbs[options.verb](options, console)


def _add(options: argparse.Namespace, console: Console) -> int:
    from dataclasses import replace

    from branchline import wiring
    from branchline.flows import addresses, remotes

    addresses.check_name(options.name)
    python = options.python or ""
    address = addresses.address_of(options.where, python=python, name=options.name)
    url = addresses.url_of(options.where, address)
    if not address.host:
        _refuse_other_python(options)
    clone = wiring.open_remotes()
    remotes.refuse_taken_name(clone, options.name, url)
    asked = replace(
        _options_of(options, options.name), branch_if_new=wiring.default_branch_of_clone()
    )
    if address.host:
        made = remotes.make_over_ssh(wiring.open_far(address, clone), address, asked)
    else:
        made = wiring.make_box(address.path, asked)
    clone.add_box(options.name, url, python=address.python or made.python)
    if options.json:
        console.json(made_to_json(options.name, url, made))
        return EXIT_FINE
    place = f"{address.host}:{made.path}" if address.host else made.path
    verb = "Made" if made.is_new else "Brought up to date:"
    console.write(f"{verb} {place}, a box that trains what is pushed to it.")
    push, is_shallow = wiring.first_push(options.name, made.default_branch)
    console.write(f"next: {'git fetch --unshallow && ' if is_shallow else ''}{push}")
    console.write(f"records come back with: branchline records fetch {options.name}")
    if is_shallow:
        console.note("this clone is shallow, and git refuses a push of half a history")
    _say_other_branch(options, made, console)
    return EXIT_FINE


def _refuse_other_python(options: argparse.Namespace) -> None:
    """See that a box on this machine is not to have another interpreter than ours.

    Raises:
        UsageError: It is.
    """
    import shlex
    import sys

    if options.python in (None, sys.executable):
        return
    words = shlex.join([options.python, "-m", "branchline", "remote", "add", options.name])
    raise UsageError(
        f"--python {options.python}: a box on this machine works with the interpreter"
        f" that makes it, {sys.executable}",
        todo=f"Leave it out, or let the other make it: {words} {shlex.quote(options.where)}",
    )


def _say_other_branch(options: argparse.Namespace, made: MadeBox, console: Console) -> None:
    """Say what to do in a clone whose branch is not the one that the box goes by."""
    import shlex

    from branchline import wiring

    wanted = made.default_branch
    own = wiring.branch_instead(wanted)
    if not own:
        return
    console.note(
        f"this clone has no branch `{wanted}`, the default branch of the box. For `{own}`:"
    )
    words = shlex.join([options.name, options.where])
    console.note(f"  branchline remote add {words} --default-branch {own}")


def _options_of(options: argparse.Namespace, name: str | None) -> BoxOptions:
    from branchline.flows.making import check_options
    from branchline.flows.remotes import BoxOptions

    asked = BoxOptions(
        name=name,
        default_branch=options.default_branch,
        branch_if_new=getattr(options, "branch_if_new", None),
        ledger=_read_ledger() if options.ledger == "-" else options.ledger,
        ref_characters=options.ref_characters,
        most_bytes=options.most_bytes,
        user=options.user,
    )
    check_options(asked)
    return asked


def _read_ledger() -> str:
    """The URL from the standard input: one that holds a password stands in no list of processes.

    Raises:
        UsageError: There is none.
    """
    import sys

    url = sys.stdin.readline().strip()
    if not url:
        raise UsageError(
            "--ledger - found no URL on the standard input",
            todo="E.g.: branchline remote add NAME PATH --ledger - < file-with-the-url",
        )
    return url


def _list(options: argparse.Namespace, console: Console) -> int:
    from branchline import wiring
    from branchline.flows.remotes import boxes

    found = boxes(wiring.open_remotes())
    if options.json:
        console.json(remotes_to_json(found))
    elif not found:
        console.write("No remote of this clone is a box.")
        console.write("next: branchline remote add box PATH (or USER@HOST:PATH)")
    else:
        width = max(len(remote.name) for remote in found)
        for remote in found:
            console.write(f"{remote.name.ljust(width)}  {remote.url}")
    return EXIT_FINE


def _check(options: argparse.Namespace, console: Console) -> int:
    from branchline import wiring
    from branchline.flows.addresses import address_of_remote
    from branchline.flows.doctor import Check, Health
    from branchline.flows.remotes import answer_of, choose_box

    clone = wiring.open_remotes()
    remote = choose_box(clone, options.name, say="branchline remote check {name}")
    address = address_of_remote(remote)
    complaint = clone.reach(remote.name)
    reached = Check(
        name="git",
        health=Health.FAIL if complaint else Health.PASS,
        sentence=complaint or f"reaches {remote.url}",
        todo=f"See what git says: git ls-remote {remote.name}" if complaint else "",
    )
    if not address.host:
        return _show([reached, *wiring.check_box(address.path)], options, console)
    far = wiring.open_far(address, clone)
    words = ["remote", "init", f"--box={address.path}", "--check", "--json"]
    said = far.ask([address.python, "-m", "branchline", *words])
    if said.code == EXIT_ERROR and '"checks"' in said.out:
        said = type(said)(code=EXIT_FINE, out=said.out, err=said.err)
    there = [
        Check(
            name=check["name"],
            health=Health(check["health"]),
            sentence=check["sentence"],
            todo=check["todo"],
        )
        for check in answer_of(said, address)["checks"]
    ]
    return _show([reached, *there], options, console)


def _show(checks: Sequence[Check], options: argparse.Namespace, console: Console) -> int:
    from branchline.cli.doctor import checks_to_json, print_checks

    if options.json:
        console.json(checks_to_json(checks))
    else:
        print_checks(checks, console)
    return EXIT_ERROR if any(check.health.value == "fail" for check in checks) else EXIT_FINE


def _remove(options: argparse.Namespace, console: Console) -> int:
    from branchline import wiring
    from branchline.flows.addresses import address_of_remote
    from branchline.flows.remotes import answer_of, choose_box

    clone = wiring.open_remotes()
    if any(one.name == options.name and not one.is_box for one in clone.remotes()):
        raise UsageError(
            f"the remote `{options.name}` was not added as a box",
            todo=f"Git itself removes it: git remote remove {options.name}",
        )
    remote = choose_box(clone, options.name)
    address = address_of_remote(remote)
    was_there = True
    if options.delete and address.host:
        words = ["remote", "init", f"--box={address.path}", "--delete", "--json"]
        far = wiring.open_far(address, clone)
        said = answer_of(far.ask([address.python, "-m", "branchline", *words]), address)
        was_there = bool(said.get("was_there", True))
    elif options.delete:
        was_there = wiring.delete_box(address.path)
    clone.remove(remote.name)
    console.write(f"Removed the remote {remote.name}.")
    if options.delete and not was_there:
        console.write(f"There was nothing at {_place(address)}.")
    elif options.delete:
        console.write(f"Deleted {_place(address)}.")
    else:
        console.write(f"The box is still there: {_place(address)}")
    return EXIT_FINE


def _place(address: Address) -> str:
    return f"{address.host}:{address.path}" if address.host else address.path


def _init(options: argparse.Namespace, console: Console) -> int:
    from branchline import wiring

    if options.check:
        return _show(wiring.check_box(options.box), options, console)
    if options.delete:
        was_there = wiring.delete_box(options.box)
        if options.json:
            deleted = options.box if was_there else None
            console.json({"schema_version": 1, "deleted": deleted, "was_there": was_there})
        else:
            said = "Deleted" if was_there else "There was nothing at"
            console.write(f"{said} {options.box}.")
        return EXIT_FINE
    made = wiring.make_box(options.box, _options_of(options, options.name))
    if options.json:
        console.json(made_to_json(options.name or "", made.path, made))
    else:
        verb = "Made" if made.is_new else "Brought up to date:"
        console.write(f"{verb} {made.path}, a box that trains what is pushed to it.")
    return EXIT_FINE


def made_to_json(name: str, url: str, made: MadeBox) -> dict[str, JsonValue]:
    """A box that was made as plain values; the shape stands in docs/reference."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "url": url,
        "path": made.path,
        "is_new": made.is_new,
        "default_branch": made.default_branch,
        "python": made.python,
    }


def remotes_to_json(remotes: Sequence[Remote]) -> dict[str, JsonValue]:
    """Boxes as plain values; the shape stands in docs/reference."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "remotes": [
            {"name": remote.name, "url": remote.url, "python": remote.python} for remote in remotes
        ],
    }
