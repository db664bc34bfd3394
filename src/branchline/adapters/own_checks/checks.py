"""Starts `runner.py` in the project's Python, and reads the JSON that it leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from branchline.core.evidence.data.data_json import finding_from_json
from branchline.errors import DataCheckError, MissingToolError
from branchline.ports.own_checks import OwnChecks, OwnReport

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUNNER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "runner.py")
_NAMES = {
    "pandera": "pandera", "great_expectations": "Great Expectations", "evidently": "Evidently",
}  # fmt: skip
_PACKAGES = {
    "pandera": "'pandera[pandas]'", "great_expectations": "great_expectations",
    "evidently": "evidently",
}  # fmt: skip
_MOST_BYTES = 16_000_000
TIMEOUT_S = 3600.0


class SubprocessChecks(OwnChecks):
    """Runs checks as processes.

    Args:
        root: Absolute root of the repository; the working folder of the check.
        environment: Variables; those of this process when None. Its PATH says which `python`.
        timeout_s: After which a check is ended.
    """

    def __init__(
        self,
        root: str,
        environment: Mapping[str, str] | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._root = root
        self._environment = dict(os.environ if environment is None else environment)
        self._timeout_s = timeout_s

    def run(self, kind: str, spec: str, path: str, *, reference: str = "") -> OwnReport:
        """See the port."""
        search = self._environment.get("PATH", os.defpath)
        python = shutil.which("python", path=search) or shutil.which("python3", path=search)
        if python is None:
            raise MissingToolError(
                f"{_NAMES[kind]} runs in the project's Python, and there is none on PATH",
                todo="Activate the project's environment.",
            )
        with tempfile.TemporaryDirectory(prefix="branchline-check-") as folder:
            answer = os.path.join(folder, "answer.json")
            words = [python, _RUNNER, kind, spec, path, reference, answer]
            code, said = self._finished(words, kind)
            try:
                with open(answer, "rb") as file:
                    fields = json.loads(file.read(_MOST_BYTES))
            except (OSError, ValueError):
                fields = {}
        return _report(fields, kind, spec, code, said)

    def _finished(self, words: list[str], kind: str) -> tuple[int, list[str]]:
        environment = {
            **self._environment,
            # Their telemetry is nobody's business here.
            "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        process = subprocess.Popen(
            words,
            cwd=self._root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            raise DataCheckError(
                f"{_NAMES[kind]} did not end within {self._timeout_s:.0f} s",
                todo="Let it look at less, or check the data by a schema.",
            ) from None
        except BaseException:
            _end(process)
            raise
        text = output.decode("utf-8", "replace")
        return process.returncode, [line for line in text.splitlines() if line.strip()]


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _report(fields: object, kind: str, spec: str, code: int, said: list[str]) -> OwnReport:
    answer = fields if isinstance(fields, dict) else {}
    missing = answer.get("missing")
    if isinstance(missing, str):
        raise DataCheckError(
            f"{_NAMES[kind]} is not installed in the project's environment (no `{missing}`)",
            todo=f"Install it there: `pip install {_PACKAGES[kind]}`.",
        )
    if isinstance(answer.get("error"), str):
        raise DataCheckError(
            f"{_NAMES[kind]} could not run `{spec}`: {answer['error']}", details=said[-6:]
        )
    try:
        findings = tuple(finding_from_json(item) for item in answer["findings"])
        rows = answer.get("rows")
        return OwnReport(
            findings=findings,
            rules=int(answer["rules"]),
            rows=int(rows) if isinstance(rows, int) else None,
        )
    except (KeyError, TypeError, ValueError):
        raise DataCheckError(
            f"{_NAMES[kind]} ended with exit code {code} and no answer", details=said[-6:]
        ) from None
