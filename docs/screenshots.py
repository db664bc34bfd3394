"""Makes the pictures of docs/images: a sample box, a search and a report, in headless Chromium.

Run it as `make pictures`. Nothing of it reaches the network.
"""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pages_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SHOTS = (
    ("pull-request-light", "pulls/2", 1180, 1240, False),
    ("pull-request-dark", "pulls/2", 1180, 1240, True),
    ("pull-request-phone-light", "pulls/2", 390, 1900, False),
    ("pull-request-phone-dark", "pulls/2", 390, 1900, True),
    ("overview-light", "", 1180, 1180, False),
    ("job-dark", "jobs/4", 1180, 860, True),
)
SEARCH = ("search-light", 1180, 990, False)
REPORTS = (
    ("report-light", 1180, 1560, False),
    ("report-dark", 1180, 1560, True),
    ("report-phone-light", 500, 1500, False),
)


@contextmanager
def served(box: Path) -> Iterator[str]:
    """The pages of a box on a free port of this machine."""
    import uvicorn

    from branchline.server.app import create_app
    from branchline.wiring import desks

    with desks.open_desk(str(box)) as desk:
        app = create_app(desk, by=pages_sample.ADA)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="warning", lifespan="off",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://localhost:{port}/"
        finally:
            server.should_exit = True
            thread.join(10)


def chromium(profile: Path, width: int, height: int, *, dark: bool = False) -> list[str]:
    """The command line of a headless Chromium that talks to nobody else."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if program is None:
        sys.exit("Chromium is not on this machine: `apt-get install chromium`")
    return [
        program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars", f"--user-data-dir={profile}", f"--window-size={width},{height}",
        *(["--blink-settings=preferredColorScheme=0"] if dark else []),
    ]  # fmt: skip


def main() -> None:
    """Write the pictures."""
    only = sys.argv[1:]
    out = HERE / "images"
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        box = pages_sample.tell(Path(folder))
        with served(box) as url:
            for name, page, width, height, dark in SHOTS:
                if only and name not in only:
                    continue
                command = chromium(Path(folder) / "profile", width, height, dark=dark)
                take([*command, url + page], out / f"{name}.png")
        name, width, height, dark = SEARCH
        if not only or name in only:
            command = chromium(Path(folder) / "profile", width, height, dark=dark)
            take([*command, search_page_in(Path(folder)).as_uri()], out / f"{name}.png")

        for name, width, height, dark in REPORTS:
            if not only or name in only:
                command = chromium(Path(folder) / "profile", width, height, dark=dark)
                take([*command, report_page_in(Path(folder)).as_uri()], out / f"{name}.png")


def report_page_in(folder: Path) -> Path:
    """The page of a run that the tests read, as a file."""
    from branchline.render.html import html_report

    sample = runpy.run_path(str(HERE.parent / "tests" / "render" / "report" / "sample.py"))
    run, before = sample["run_of"](), sample["run_of"](run="abc1234", auc=0.9213)
    page = folder / "report.html"
    page.write_text(html_report(run, before, sample["GATE"], sample["drawings"]()), "utf-8")
    return page


def search_page_in(folder: Path) -> Path:
    """The page of the search that the tests read, as a file."""
    from branchline.render.search.page import search_page

    sample = runpy.run_path(str(HERE.parent / "tests" / "render" / "search" / "sample.py"))
    page = folder / "search.html"
    page.write_text(search_page(sample["searched_of"]()), encoding="utf-8")
    return page


def take(command: list[str], target: Path) -> None:
    """Let Chromium take a picture."""
    subprocess.run(
        [*command[:-1], f"--screenshot={target}", command[-1]],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    sys.stdout.write(f"{target.name} {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
