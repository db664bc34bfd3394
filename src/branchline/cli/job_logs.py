"""`branchline logs --job N`: what a job of a box printed; `-f` follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE, UnknownNameError

if TYPE_CHECKING:
    from branchline.cli.console import Console


def show_job(number: int, remote: str | None, console: Console, *, follow: bool) -> int:
    """Print the log of a job.

    Args:
        number: The job.
        remote: Name of the box's remote; None takes the only one.
        console: Where.
        follow: Go on until the job has ended.

    Raises:
        UnknownNameError: There is no such box or job.
    """
    from branchline import wiring

    address = wiring.find_box(name=remote)
    if address.host:
        words = ["logs", "--job", str(number), *(["-f"] if follow else [])]
        return wiring.over_ssh(address, words)
    from branchline.flows.following import Follower
    from branchline.flows.places import Places

    with wiring.open_box(address.path) as box:
        if box.queue.job(number) is None:
            raise UnknownNameError(
                f"the box has no job {number}", todo="`branchline queue` lists those that it has."
            )

        def out(line: str) -> None:
            console.write(line)
            console.out.flush()

        follower = Follower(box.queue, Places(box.path), out)
        if follow:
            follower.follow([number])
        else:
            follower.print_now(number)
    return EXIT_FINE
