"""Fixtures for tests of a model: `model`, `baseline_model`, `eval_data`, `predict`, `latency`.

pytest finds this by its entry point in every project of the environment, so it imports nothing and
does nothing before a test asks for a fixture, or `branchline run` for a report.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.model_tests.context import Context
    from branchline.model_tests.data import EvalData
    from branchline.model_tests.latency import Latency
    from branchline.model_tests.subject import Subject

CONTEXT_FILE = "BRANCHLINE_TESTS"
_OWNER = "BRANCHLINE_TESTS_PID"
"""Which pytest reports: one that a test starts inside does not."""
_PROPERTY = "branchline"
_SAID = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def _branchline(request: pytest.FixtureRequest) -> Context:
    """Where model, data and champion are."""
    from branchline.errors import ModelTestError
    from branchline.model_tests.context import current_context

    try:
        context = current_context()
    except ModelTestError as error:
        pytest.fail(_in_full(error), pytrace=False)
    said = request.config.stash.setdefault(_SAID, [])
    said.append(f"model of {context.model.said}: {', '.join(context.model.paths) or 'none'}")
    return context


@pytest.fixture(scope="session")
def model(_branchline: Context, request: pytest.FixtureRequest) -> Subject:
    """The model of this run: a path (`os.fspath(model)`), `load()`, `predict(rows)`, assertions."""
    from branchline.errors import ModelTestError
    from branchline.model_tests.subject import Subject

    def data() -> EvalData:
        return request.getfixturevalue("eval_data")  # type: ignore[no-any-return] # the fixture below

    try:
        return Subject(_branchline.model, _branchline.root, data)
    except ModelTestError as error:
        pytest.fail(_in_full(error), pytrace=False)


@pytest.fixture(scope="session")
def baseline_model(_branchline: Context, request: pytest.FixtureRequest) -> Subject:
    """The champion's model, from the store; skips where there is no champion yet."""
    from branchline.model_tests.latency import NO_CHAMPION

    found = _champion(_branchline, request)
    if found is None:
        pytest.skip(f"{NO_CHAMPION}: {_branchline.champion.problem}")
    return found


def _champion(context: Context, request: pytest.FixtureRequest) -> Subject | None:
    """The champion's model; None where there is none yet, and a failure where it is not here."""
    from branchline.model_tests.subject import Subject

    place = context.champion
    if place.is_none:
        return None
    if place.problem:
        pytest.fail(f"the champion's model cannot be had: {place.problem}", pytrace=False)
    said = request.config.stash.setdefault(_SAID, [])
    line = f"champion: {place.said}"
    if line not in said:
        said.append(line)
    return Subject(place, context.root, lambda: request.getfixturevalue("eval_data"))


@pytest.fixture(scope="session")
def eval_data(_branchline: Context) -> EvalData:
    """The evaluation set: `path`, `frame()`, `arrays()`, `rows()`."""
    from branchline.model_tests.data import EvalData

    return EvalData(_branchline.root, _branchline.data, _branchline.target)


@pytest.fixture(scope="session")
def predict(model: Subject) -> Callable[[Any], Any]:
    """Answers of the model for rows (a frame, columns, a matrix) as an array."""
    from branchline.model_tests.assertions import predictions

    return lambda rows: predictions(model, rows)


@pytest.fixture
def latency(request: pytest.FixtureRequest) -> Iterator[Latency]:
    """Times the model, beside the champion where there is one; numbers go to `gate.metrics`."""
    from branchline.model_tests.latency import Latency, numbers_of

    measured: list[dict[str, Any]] = []

    def note(name: str, value: float, baseline: float | None) -> None:
        from branchline.model_tests.told import number

        measured.append(
            {
                "name": name,
                "value": number(value),
                "baseline": None if baseline is None else number(baseline),
            }
        )

    def champion() -> Subject | None:
        return _champion(request.getfixturevalue("_branchline"), request)

    found = Latency(
        model=lambda: request.getfixturevalue("model"),
        champion=champion,
        data=lambda: request.getfixturevalue("eval_data").features(),
        note=note,
    )
    yield found
    numbers = dict(numbers_of(found.timed))
    request.node.user_properties.append((_PROPERTY, {"measured": measured, "numbers": numbers}))


# Reporting to `branchline run`


def pytest_configure(config: pytest.Config) -> None:
    """Find out whether this pytest reports: asked for, the outermost one, no worker of xdist."""
    path = os.environ.get(CONTEXT_FILE)
    if not path or hasattr(config, "workerinput"):
        return
    if os.environ.setdefault(_OWNER, str(os.getpid())) != str(os.getpid()):
        return
    import json

    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file).get("report", "")
    except (OSError, ValueError):
        return
    if isinstance(report, str) and report:
        from branchline.model_tests.told import tell

        tell(report, "start", pytest=pytest.__version__)
        config.pluginmanager.register(_Reporter(report), "branchline-report")


def pytest_unconfigure() -> None:
    """Let a pytest that this process starts later report again."""
    if os.environ.get(_OWNER) == str(os.getpid()):
        del os.environ[_OWNER]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which model was tested, where a test asked for it."""
    said: list[str] = config.stash.setdefault(_SAID, [])
    for text in dict.fromkeys(said):
        terminalreporter.write_line(f"branchline: {text}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """What cannot be had fails in one sentence; a champion that is not there yet skips."""
    # The old form of a wrapper: pytest 7 knows no other.
    outcome: Any = yield
    error = outcome.excinfo[1] if outcome.excinfo else None
    other = None if error is None else _in_one_sentence(error)
    if other is not None and hasattr(outcome, "force_exception"):
        outcome.force_exception(other)


def _in_one_sentence(error: BaseException) -> BaseException | None:
    """What stands for an error of ours; None for others. Loads nothing."""
    import sys

    timing = sys.modules.get("branchline.model_tests.latency")
    errors = sys.modules.get("branchline.errors")
    if timing is not None and isinstance(error, timing.NoChampionError):
        return pytest.skip.Exception(timing.NO_CHAMPION, _use_item_location=True)
    if isinstance(error, ModuleNotFoundError) and error.name == "numpy" and timing is not None:
        text = (
            "tests of a model compute with NumPy, which this environment lacks\npip install numpy"
        )
        return pytest.fail.Exception(text, pytrace=False)
    if errors is not None and isinstance(error, errors.ModelTestError | errors.MissingExtraError):
        return pytest.fail.Exception(_in_full(error), pytrace=False)
    return None


def _in_full(error: Any) -> str:
    """An error with its remedy."""
    return "\n".join(text for text in (error.message, *error.details, error.todo) if text)


class _Reporter:
    """Writes a line for each case that ended."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One case is up to three reports: its call, and what of set-up and teardown went wrong."""
        is_call = report.when == "call"
        if not is_call and report.passed:
            if report.when == "teardown":
                self._tell_measured(report)
            return
        if report.nodeid in self._failed:
            return
        if report.failed:
            self._failed.add(report.nodeid)
        if is_call and report.passed:
            self._case(report, "passed")
        elif report.skipped:
            self._case(report, _skipped(report))
        else:
            self._case(report, "failed")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected holds tests that nobody ran."""
        if report.failed:
            from branchline.model_tests.told import short, tell

            tell(self._path, "uncollected", name=report.nodeid, text=short(report.longreprtext))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """The end, with the exit code."""
        from branchline.model_tests.told import tell

        tell(self._path, "end", exit=int(exitstatus))

    def _case(self, report: pytest.TestReport, state: str) -> None:
        from branchline.model_tests.told import short, tell

        tell(
            self._path,
            "case",
            name=report.nodeid,
            state=state,
            duration_s=round(report.duration, 4),
            text=short(_text(report)) if state != "passed" else "",
        )

    def _tell_measured(self, report: pytest.TestReport) -> None:
        from branchline.model_tests.told import tell

        for name, held in report.user_properties:
            if name == _PROPERTY and isinstance(held, dict):
                for item in held["measured"]:
                    tell(self._path, "measured", **item)
                if held["numbers"]:
                    tell(self._path, "numbers", name=report.nodeid, numbers=held["numbers"])


def _skipped(report: pytest.TestReport) -> str:
    return "no champion" if "there is no champion yet" in _text(report) else "skipped"


def _text(report: pytest.TestReport) -> str:
    """Why, in the words of the test: its message without pytest's frame of source lines."""
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):
        return str(longrepr[2])
    crash = getattr(longrepr, "reprcrash", None)
    text = str(crash.message) if crash is not None else str(longrepr)
    return text.removeprefix("AssertionError: ").removeprefix("Failed: ")
