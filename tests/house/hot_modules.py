"""What the hot commands load: looks, and writes hot_modules.txt.

Call it as `.venv/bin/python tests/house/hot_modules.py` after a change that was meant.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

LIST = Path(__file__).parent / "hot_modules.txt"
# Section of the list -> words of the command; "whole" means that no answer is remembered.
COMMANDS = {
    "help": ("--help",),
    "version": ("--version",),
    "plan, remembered": ("plan",),
    "run, remembered": ("run",),
    "plan, the whole way": ("plan", "--json"),
    "run, nothing to do, the whole way": ("run", "--json"),
}
FILES = {
    "dvc.yaml": "stages: {fit: {cmd: python3 fit.py, deps: [fit.py], params: [a], outs: [o]}}\n",
    "fit.py": "import lib\nlib.write()\n",
    "lib.py": "def write():\n    open('o', 'w').write('x')\n",
    "params.yaml": "a: 1\n",
    "branchline.yaml": "model: demo\ngate: {metrics: {auc: {min: 0.5}}}\n",
}
# `_typing`, `_cython_3_1_4`, ...: parts of the interpreter that come and go with its version.
INTERNAL = "_"


def make_project(folder: Path) -> None:
    """A repository with one stage that ran, twice: the second answer is remembered."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for _ in range(2):
        loaded_by(folder, "run")
    loaded_by(folder, "plan")


def loaded_by(folder: Path, *words: str) -> set[str]:
    """Modules that a command loads beyond those of a bare Python.

    Ours by their full names, all others by their first word.
    """
    script = (
        "import sys\nbare = set(sys.modules)\n"
        f"sys.argv = ['branchline', *{words!r}]\n"
        "from branchline.__main__ import main\n"
        "code = main()\n"
        "sys.stderr.write('\\n@' + ' '.join(set(sys.modules) - bare))\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "@" in done.stderr, done.stderr
    assert done.returncode in (0, 4), done.stderr  # 4: the gate finds no metric
    names = done.stderr.rpartition("@")[2].split()
    ours = {name for name in names if name.partition(".")[0] == "branchline"}
    others = {name.partition(".")[0] for name in names} - {"branchline"}
    return ours | {name for name in others if not name.startswith(INTERNAL)}


def read_list() -> dict[str, set[str]]:
    """Section -> modules."""
    sections: dict[str, set[str]] = {}
    for line in LIST.read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), set())
        elif line:
            section.add(line)
    return sections


def main() -> None:
    """Write the list."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder)
        text = ""
        for section, words in COMMANDS.items():
            text += f"[{section}]\n" + "".join(f"{m}\n" for m in sorted(loaded_by(folder, *words)))
            text += "\n"
    LIST.write_text(text.rstrip("\n") + "\n")


if __name__ == "__main__":
    main()
