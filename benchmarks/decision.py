"""Does the push matter to the model? On a repository of 5,000 files and 2,000 commits.

Ours reads the meaning of a closure of 1,000 modules. The peer does what dorny/paths-filter does:
globs, in one node process that asks `git diff --name-only` and matches with picomatch; once as the
action is shipped, bundled into one file with the libraries that it loads, and once its globs alone.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from typing import TYPE_CHECKING

from measure import OURS, Command, Row, compare, cost
from projects import git, history_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES, COMMITS, MODULES = 5_000, 2_000, 1_000
PACKAGES = ("esbuild", "picomatch", "js-yaml", "@actions/core", "@actions/exec", "@actions/github")
LIBRARIES = """\
import * as core from '@actions/core';
import * as exec from '@actions/exec';
import * as github from '@actions/github';
import * as yaml from 'js-yaml';
globalThis.loaded = [core, exec, github, yaml];  // used, or the bundler drops them
"""
FILTER = """\
import { execFileSync } from 'node:child_process';
import picomatch from 'picomatch';
const [base, head] = process.argv.slice(2);
const changed = execFileSync('git', ['diff', '--no-renames', '--name-only', '-z', base, head]);
const matchers = (patterns) => patterns.map((pattern) => picomatch(pattern, {dot: true}));
const filters = {
  model: matchers(['train.py', 'package/**', 'dvc.yaml', 'params.yaml']),
  docs: matchers(['docs/**', '**/*.md']),
};
for (const [name, list] of Object.entries(filters)) {
  const hit = changed.toString().split('\\0').some((f) => f && list.some((m) => m(f)));
  console.log(name, hit);
}
"""


def install_filter(folder: Path) -> tuple[bool, str]:
    """Build the peer in a folder; (False, why) when that is not possible here."""
    if not shutil.which("node") or not shutil.which("npm"):
        return False, "no node and npm"
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true}\n')
    (folder / "bare.mjs").write_text(FILTER)
    (folder / "all.mjs").write_text(LIBRARIES + FILTER)
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES]
    bundle = ["npx", "--no-install", "esbuild", "--bundle", "--platform=node", "--outdir=bundled"]
    for argv in (install, [*bundle, "--log-level=error", "bare.mjs", "all.mjs"]):
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            return False, f"{' '.join(argv[:2])} failed: {done.stderr.strip()[-200:]}"
    return True, ""


def rows(scratch: Path) -> list[Row]:
    """A comment, and a constant, in a module of the closure: by what the clone knows already."""
    root = history_project(scratch / "history", files=FILES, commits=COMMITS, modules=MODULES)
    cost(Command((*OURS, "run"), root))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "trained")
    target = root / "package" / "m17.py"
    base = git(root, "rev-parse", "HEAD").strip()
    target.write_text("# why\n" + target.read_text())
    git(root, "commit", "-q", "-am", "comment")
    head = git(root, "rev-parse", "HEAD").strip()
    fine, why = install_filter(scratch / "filter")
    floor = Command(("git", "diff", "--raw", base, head), root)
    peers = {"as shipped": "all", "its globs alone": "bare"}
    result = []
    kept = scratch / "state-before"
    shutil.copytree(root / ".branchline", kept)
    bare, clone = _clone(root, scratch / "no-records"), _clone(root, scratch / "fresh")
    cost(Command((*OURS, "records", "fetch", "origin"), clone))
    edited = _clone(root, scratch / "edited")
    cost(Command((*OURS, "records", "fetch", "origin"), edited))
    module = edited / "package" / "m18.py"
    module.write_text(module.read_text().replace("return total", "return total + 1", 1))
    cases: dict[str, tuple[Path, Callable[[], None] | None, float]] = {
        "cached": (root, None, 0.3),
        "first plan after the commit": (root, partial(_put, kept, root), 0.6),
        "fresh shallow clone with the records": (clone, partial(_forget, clone), 0.6),
        "the same, a function changed": (edited, partial(_forget, edited), 0.6),
        "no cache and no records at all": (bare, partial(_forget, bare), 0.6),
    }
    for case, (folder, before, goal) in cases.items():
        for peer, mode in peers.items():
            argv = ("node", str(scratch / "filter" / "bundled" / f"{mode}.js"), base, head)
            result.append(
                compare(
                    f"decision on {FILES:,} files, {COMMITS:,} commits, {case}",
                    ("branchline plan", Command((*OURS, "plan"), folder, before)),
                    (f"paths-filter, {peer}", Command(argv, root) if fine else None),
                    goal=goal if mode == "all" else 0.6,
                    floors={"git diff --raw": floor} if mode == "bare" else None,
                    note=why,
                )
            )
    return result


def _clone(root: Path, target: Path) -> Path:
    git(root, "clone", "-q", "--depth", "1", f"file://{root}", str(target))
    return target


def _put(kept: Path, root: Path) -> None:
    shutil.rmtree(root / ".branchline", ignore_errors=True)
    shutil.copytree(kept, root / ".branchline")


def _forget(root: Path) -> None:
    shutil.rmtree(root / ".branchline", ignore_errors=True)
