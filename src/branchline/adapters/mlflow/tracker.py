"""Serves the port `tracker` by an MLflow server, version 3. Decides nothing.

What we make there carries tags (`branchline.run`, `branchline.version`, ...) and is found by them
before anything is made, so that an effect applied again adds nothing. Numbers get the time at which
the run began: the server keeps one of each.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from branchline.core.environment.aside import put_aside
from branchline.core.values import without_secrets
from branchline.errors import EffectError, MissingExtraError
from branchline.ports.tracker import TrackedRun, TrackedVersion, Tracker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RUN, COMMIT, KEY = "branchline.run", "branchline.commit", "branchline.key"
VERSION, DIGEST = "branchline.version", "branchline.digest"
_SENT = "branchline.artifacts"
_PARAM_MOST, _TAG_MOST, _NAME_MOST = 6000, 5000, 250
_AT_ONCE = 100
_SAFE = re.compile(r"[0-9A-Za-z._/=-]+", re.ASCII)
_SETTINGS = {
    # The library asks again for minutes when a server is down; the outbox does that better.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # It prints the address, password and all, among our JSON.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


class MlflowTracker(Tracker):
    """One MLflow server.

    Args:
        uri: Its address, perhaps with user and password; they are never printed.
    """

    def __init__(self, uri: str) -> None:
        if not re.match(r"https?://[^/\s]", uri):
            raise EffectError(
                f"the MLflow server is {without_secrets(uri)!r}, must be an http or https address",
                todo="Start one with `mlflow server`, and name it in registry.uri.",
            )
        self._uri = uri.rstrip("/")
        self._made: Any = None

    def show_run(self, run: TrackedRun) -> str:
        """See the port."""
        with self._answering():
            client = self._client()
            started = _milliseconds(run.started_at)
            found = self._run(run, started)
            run_id: str = found.info.run_id
            self._log(run_id, run, started)
            sent = ",".join(sorted(run.artifacts))
            if run.artifacts and found.data.tags.get(_SENT) != sent:
                for folder, path in sorted(run.artifacts.items()):
                    self._send(run_id, folder, path)
                client.set_tag(run_id, _SENT, sent)
            if found.info.status != "FINISHED":
                client.set_terminated(
                    run_id, status="FINISHED", end_time=started + int(1000 * run.duration_s)
                )
            return run_id

    def show_version(self, version: TrackedVersion, *, run_id: str, source: str = "") -> str:
        """See the port."""
        with self._answering():
            client = self._client()
            self._model(version.model)
            known = self._numbers(version.model)
            if version.version in known:
                return known[version.version]
            root: str = client.get_run(run_id).info.artifact_uri
            made = client.create_model_version(
                version.model,
                source=f"{root}/{source}".rstrip("/"),
                run_id=run_id,
                tags={
                    VERSION: version.version,
                    COMMIT: version.commit,
                    RUN: version.run,
                    DIGEST: version.digest,
                },
                await_creation_for=0,  # what the server answers is ready
            )
            return str(made.version)

    def show_stages(self, model: str, held: Mapping[str, str]) -> None:
        """See the port."""
        with self._answering():
            client = self._client()
            there = self._found(client.get_registered_model, model)
            if there is None:
                return
            known = self._numbers(model)
            now = {alias: str(number) for alias, number in dict(there.aliases).items()}
            for stage, version in held.items():
                number = known.get(version, "")
                if number and now.get(stage) != number:
                    client.set_registered_model_alias(model, stage, number)
                elif not version and stage in now:
                    client.delete_registered_model_alias(model, stage)

    def holder(self, model: str, stage: str) -> TrackedVersion | None:
        """See the port."""
        with self._answering():
            client = self._client()
            there = self._found(client.get_registered_model, model)
            number = None if there is None else dict(there.aliases).get(stage)
            if number is None:
                return None
            tags = client.get_model_version(model, str(number)).tags
            if VERSION not in tags:
                return None
            return TrackedVersion(
                model=model,
                version=tags[VERSION],
                commit=tags.get(COMMIT, ""),
                run=tags.get(RUN, ""),
                digest=tags.get(DIGEST, ""),
            )

    def _run(self, run: TrackedRun, started: int) -> Any:
        """The run with our tags, made when there is none."""
        client = self._client()
        experiment = self._experiment(run.model)
        for text in (run.run, run.commit):
            if not _SAFE.fullmatch(text):
                raise EffectError(f"{text!r} cannot name a run in MLflow")
        wanted = f"tags.`{RUN}` = '{run.run}' and tags.`{COMMIT}` = '{run.commit}'"
        found = client.search_runs([experiment], wanted, max_results=1)
        if found:
            return found[0]
        tags = {RUN: run.run, COMMIT: run.commit, "mlflow.source.git.commit": run.commit}
        return client.create_run(experiment, start_time=started, tags=tags, run_name=run.run)

    def _log(self, run_id: str, run: TrackedRun, started: int) -> None:
        from mlflow.entities import Metric, Param, RunTag

        facts = {
            KEY: run.key,
            "branchline.branch": run.branch,
            "branchline.outcome": run.outcome,
            **{f"branchline.{name}": text for name, text in run.tags.items()},
        }
        params = [Param(_name(name), text[:_PARAM_MOST]) for name, text in run.params.items()]
        tags = [RunTag(_name(name), text[:_TAG_MOST]) for name, text in facts.items() if text]
        metrics = [Metric(_name(name), value, started, 0) for name, value in run.metrics.items()]
        for start in range(0, max(len(params), len(tags), len(metrics)), _AT_ONCE):
            end = start + _AT_ONCE
            self._client().log_batch(
                run_id, metrics=metrics[start:end], params=params[start:end], tags=tags[start:end]
            )

    def _send(self, run_id: str, folder: str, path: str) -> None:
        if os.path.isdir(path):
            self._client().log_artifacts(run_id, path, artifact_path=folder)
        else:
            self._client().log_artifact(run_id, path, artifact_path=folder)

    def _experiment(self, model: str) -> str:
        client = self._client()
        for _ in range(2):
            found = client.get_experiment_by_name(model)
            if found is not None and found.lifecycle_stage != "active":
                raise EffectError(
                    f"the experiment `{model}` was deleted in MLflow",
                    todo="Restore it there, or delete it for good: mlflow gc.",
                )
            if found is not None:
                return str(found.experiment_id)
            if self._created(client.create_experiment, model) is not None:
                continue
        return str(client.get_experiment_by_name(model).experiment_id)

    def _model(self, model: str) -> None:
        client = self._client()
        if self._found(client.get_registered_model, model) is None:
            self._created(client.create_registered_model, model)

    def _numbers(self, model: str) -> dict[str, str]:
        """Our version -> the server's number of it."""
        client = self._client()
        found: dict[str, str] = {}
        token = None
        while True:
            page = client.search_model_versions(f"name = '{model}'", page_token=token)
            for item in page:
                if VERSION in item.tags:
                    found[item.tags[VERSION]] = str(item.version)
            token = page.token
            if not token:
                return found

    def _found(self, ask: Any, name: str) -> Any:
        """What a question finds; None when the server has no such thing."""
        return _unless("RESOURCE_DOES_NOT_EXIST", ask, name)

    def _created(self, make: Any, name: str) -> Any:
        """What was made; None when somebody else made it meanwhile."""
        return _unless("RESOURCE_ALREADY_EXISTS", make, name)

    def _client(self) -> Any:
        """The library's client, imported when it is first needed (2 s of processor time)."""
        if self._made is None:
            try:
                from mlflow import MlflowClient
            except ImportError as error:
                raise MissingExtraError(
                    "`registry: {kind: mlflow}` needs MLflow's client, which is not installed",
                    todo="pip install 'branchline[mlflow]'",
                ) from error
            self._made = MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)
        return self._made

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Translate what the library raises; no password reaches a message."""
        with _settings():
            self._client()
            from mlflow.exceptions import MlflowException

            try:
                yield
            except MlflowException as error:
                raise self._error(str(error)) from None
            except OSError as error:  # requests' errors are such
                raise self._error(str(error) or type(error).__name__) from None

    def _error(self, said: str) -> EffectError:
        lines = without_secrets(said).strip().splitlines() or [""]
        return EffectError(
            f"the MLflow server at {without_secrets(self._uri)} does not do it: {lines[0][:500]}",
            todo="See that it runs and that you may write there; what waits is tried again.",
            details=lines[1:5],
        )


@contextmanager
def _settings() -> Iterator[None]:
    """The library's settings, for as long as it works: stages that start later inherit nothing."""
    with put_aside(os.environ, _SETTINGS):
        os.environ.update(_SETTINGS)
        yield


def _unless(code: str, call: Any, name: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return call(name)
    except MlflowException as error:
        if error.error_code == code:
            return None
        raise


def _name(name: str) -> str:
    """A name of a metric, parameter or tag as MLflow allows it: no `..`, no `//`, few signs."""
    kept = re.sub(r"[^/\w.\- :]", "_", name)
    parts = [part for part in kept.split("/") if part not in ("", ".", "..")]
    return "/".join(parts)[:_NAME_MOST] or "_"


def _milliseconds(at: str) -> int:
    """Milliseconds since 1970 of a UTC time in ISO 8601; 0 when it is none."""
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
