"""The whole story on one machine, told with the real commands: `make demo`, or run this file.

Copies examples/tumour-classifier into a scratch git repository and walks: first on its own, then by
pushing to a box that the demo makes beside it, up to a registered model (examples/story/).
Each step also checks what happened; the exit code is 1 when a step did not behave as told.
Needs the standard library, git, Branchline and the example's requirements.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from story import here, pushed
from story.telling import EXAMPLE, Story, prepare

CHAPTERS = (("On your own machine", here.STEPS), ("Push to train", pushed.STEPS))


def end(story: Story, *, remove: bool) -> int:
    """What was seen, where it lies, what to try next."""
    took = f"{time.monotonic() - story.began:.0f} s"
    if story.wrong:
        print(f"\n{len(story.wrong)} things did not go as told ({took}):")
        print("\n".join(f"  - {what}" for what in story.wrong))
        print(f"The project is in {story.root}")
        return 1
    story.chapter("The end")
    story.say(f"{story.told} steps in {took}, and each did what was told.")
    if remove:
        story.stop_worker()
        shutil.rmtree(story.root.parent)
        return 0
    print(f"""
Project and box are still there. To go on with them:

    cd {story.root}
    export PATH="{story.bin}:$PATH"
    branchline serve          # the box in the browser: http://localhost:8765/
    branchline pr merge 2     # what the last step left open
    branchline queue --all    # every job of the box, and what became of it
    branchline promote tumour-classifier v1.0.1 production
    branchline records fetch box && branchline runs

Edit params.yaml or src/, commit, and push. The box's worker leaves by itself
after a minute without work. To remove everything:

    rm -r {story.root.parent}
""")
    return 0


def main() -> int:
    """Tell the story."""
    parser = argparse.ArgumentParser(description="Branchline on a small real project.")
    parser.add_argument("--dir", type=Path, help="where to put the project; must not exist yet")
    parser.add_argument("--remove", action="store_true", help="remove the project at the end")
    options = parser.parse_args()
    if importlib.util.find_spec("sklearn") is None:
        print("The example needs scikit-learn. Run `make demo`, or: "
              f"pip install -r {EXAMPLE / 'requirements.txt'}", file=sys.stderr)  # fmt: skip
        return 1
    if options.dir and options.dir.exists() and any(options.dir.iterdir()):
        print(f"{options.dir} is not empty; name a new folder with --dir", file=sys.stderr)
        return 2
    folder = (options.dir or Path(tempfile.mkdtemp(prefix="branchline-demo-"))).resolve()
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    story = prepare(folder, colour=colour)
    for title, steps in CHAPTERS:
        story.chapter(title)
        for step in steps:
            step(story)
            if story.wrong:
                return end(story, remove=options.remove)
    return end(story, remove=options.remove)


if __name__ == "__main__":
    sys.exit(main())
