"""Generated projects to measure on. Deterministic: the same arguments give the same bytes."""

from __future__ import annotations

import random
import shutil
import subprocess
from typing import TYPE_CHECKING

from measure import environment

if TYPE_CHECKING:
    from pathlib import Path

CHAINS = 10


def git(root: Path, *arguments: str, stdin: bytes | None = None) -> str:
    """Run git in a folder; its output."""
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=environment(), input=stdin, check=True,
        capture_output=True,
    )  # fmt: skip
    return done.stdout.decode()


def needs(number: int) -> str:
    """Input of stage `number`: ten chains run side by side, each stage copies the one before."""
    return f"o{number - CHAINS}" if number >= CHAINS else f"s{number}"


def stages_project(root: Path, count: int) -> Path:
    """A repository with `count` stages that copy one small file each; also a Makefile and
    a build.ninja that do the same."""
    root.mkdir(parents=True)
    yaml, make, ninja = ["stages:"], ["all: $(OUTS)", ""], ["rule cp", "  command = cp $in $out"]
    for number in range(count):
        source, out = needs(number), f"o{number}"
        yaml += [f"  stage{number}:", f"    cmd: cp {source} {out}", "    deps:", f"    - {source}"]
        yaml += ["    outs:", f"    - {out}"]
        make += [f"{out}: {source}", f"\tcp {source} {out}"]
        ninja.append(f"build {out}: cp {source}")
    outs = " ".join(f"o{number}" for number in range(count))
    (root / "dvc.yaml").write_text("\n".join(yaml) + "\n")
    (root / "Makefile").write_text(f"OUTS = {outs}\n" + "\n".join(make) + "\n")
    (root / "build.ninja").write_text("\n".join(ninja) + "\n")
    for number in range(min(CHAINS, count)):
        (root / f"s{number}").write_text(f"{number}\n")
    (root / ".gitignore").write_text("/o[0-9]*\n.ninja_*\n.branchline/\n")
    commit_all(root)
    return root


def commit_all(root: Path) -> None:
    """A repository with everything in one commit, and a bare `.dvc` so that both tools use it."""
    git(root, "init", "-q", "-b", "main")
    (root / ".dvc").mkdir(exist_ok=True)
    (root / ".dvc/config").touch()
    (root / ".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "generated")


def unbuilt(root: Path) -> None:
    """Put a project back to where nothing was ever run."""
    for path in [*root.glob("o[0-9]*"), *root.glob(".ninja_*"), root / "dvc.lock"]:
        path.unlink(missing_ok=True)
    for folder in (".branchline", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(root / folder, ignore_errors=True)
    refs = git(root, "for-each-ref", "--format=delete %(refname)", "refs/branchline")
    if refs:
        git(root, "update-ref", "--stdin", stdin=refs.encode())


def folder_project(root: Path, files: int) -> Path:
    """A repository with one stage that depends on a folder of `files` small files."""
    data = root / "data"
    for number in range(files):
        folder = data / f"{number // 1000:03d}"
        if number % 1000 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number}.txt").write_text(f"row {number}\n")
    (root / "dvc.yaml").write_text(
        "stages:\n  count:\n    cmd: ls data > o0\n    deps:\n    - data\n    outs:\n    - o0\n"
    )
    (root / ".gitignore").write_text("/data\n/o0\n.branchline/\n")
    commit_all(root)
    return root


def module_text(number: int, modules: int, revision: int = 0) -> str:
    """Source of one module of the generated package, about 3 kB; imports up to three later ones."""
    dice = random.Random(number)
    targets = sorted({min(modules - 1, number * 2 + 1 + i) for i in range(3)} - {number})
    lines = [f'"""Module {number}."""', ""]
    lines += [f"from package import m{target}" for target in targets if target > number]
    lines += ["", f"REVISION = {revision}", ""]
    for index in range(12):
        a, b = dice.randint(1, 99), dice.randint(1, 99)
        lines += [
            f"def function_{index}(x: float, y: float = {a}) -> float:",
            f'    """Step {index} of module {number}."""',
            f"    total = x * {a} + y - {b}  # weighted",
            f"    for step in range({index + 2}):",
            f"        total += step * {b} if total > {a} else -step",
            "    return total",
            "",
        ]
    return "\n".join(lines) + "\n"


def history_project(root: Path, *, files: int, commits: int, modules: int) -> Path:
    """A repository of `files` files and `commits` commits, `modules` of the files being a package
    that `train.py` imports whole; a commit rewrites one file. Written by `git fast-import`."""
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    texts = {f"package/m{i}.py": module_text(i, modules) for i in range(modules)}
    texts["package/__init__.py"] = ""
    texts["train.py"] = (
        "from package import m0\n\nwith open('metrics.json', 'w') as stream:\n"
        "    stream.write('{\"value\": %f}' % m0.function_0(1.0))\n"
    )
    texts["dvc.yaml"] = (
        "stages:\n  train:\n    cmd: python3 train.py\n    deps:\n    - train.py\n"
        "    metrics:\n    - metrics.json:\n        cache: false\n"
    )
    texts[".gitignore"] = ".branchline/\n"
    for number in range(files - len(texts)):
        texts[f"docs/{number % 40}/page{number}.md"] = f"# Page {number}\n\nWords.\n"
    stream: list[bytes] = [b"feature done\n"]
    _commit(stream, "first", texts)
    dice = random.Random(files)
    names = sorted(name for name in texts if name.startswith(("docs/", "package/m")))
    for number in range(1, commits):
        name = dice.choice(names)
        text = f"# Page\n\nEdit {number}.\n"
        if name.startswith("package/"):
            text = module_text(int(name[9:-3]), modules, revision=number)
        _commit(stream, f"edit {number}", {name: text})
    stream.append(b"done\n")
    git(root, "fast-import", "--quiet", stdin=b"".join(stream))
    git(root, "checkout", "-q", "-f", "main")
    return root


def _commit(stream: list[bytes], message: str, texts: dict[str, str]) -> None:
    note = message.encode()
    stream.append(b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\n")
    stream.append(b"data %d\n%s\n" % (len(note), note))
    for path, text in texts.items():
        content = text.encode()
        stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
    stream.append(b"\n")
