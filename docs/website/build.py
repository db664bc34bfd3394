"""Makes the site of docs/, strictly: a link or an anchor that leads nowhere fails.

python docs/website/build.py [FOLDER]     into .site/ unless named; run it as `make site`

Needs Sphinx, MyST and Furo (the extra `site`). Reads the working tree and nothing of the network.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tree

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main() -> int:
    """Build the site."""
    parser = argparse.ArgumentParser(description="Makes the site of docs/, strictly.")
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / ".site", metavar="FOLDER")
    parser.add_argument("--root", type=Path, default=ROOT, help="the working tree that is read")
    options = parser.parse_args()
    laid = tree.tree_of(options.root)
    if laid.complaints:
        sys.stderr.write("".join(f"{complaint}\n" for complaint in laid.complaints))
        return 1
    if (
        options.out.exists()
        and not (options.out / ".buildinfo").exists()
        and any(options.out.iterdir())
    ):
        sys.stderr.write(f"{options.out} holds something else than a site; name another folder\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        pages, made = Path(folder, "pages"), Path(folder, "site")
        tree.write(laid, options.root, pages)
        # All warnings at once, and each an error.
        words = ["-q", "-W", "--keep-going", "-n", "-b", "html", "-c", str(HERE)]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "sphinx",
                *words,
                "-d",
                f"{folder}/trees",
                str(pages),
                str(made),
            ],
            check=False,
        )
        if done.returncode != 0:
            return 1
        if options.out.exists():
            shutil.rmtree(options.out)
        shutil.copytree(made, options.out)
    sys.stdout.write(f"{len(laid.pages)} pages: {options.out / 'index.html'}\n")
    return 0


def holds_something_else(folder: Path) -> bool:
    """Whether a folder has files, and they are no site."""
    return folder.exists() and any(folder.iterdir()) and not (folder / ".buildinfo").exists()


if __name__ == "__main__":
    sys.exit(main())
