"""The fixture `latency`: times the model, beside the champion where there is one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from branchline.errors import ModelTestError
from branchline.model_tests.predicting import predict, unwrapped
from branchline.model_tests.timing import BUDGET_S, Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.model_tests.rows import Rows
    from branchline.model_tests.timing import Timed

NO_CHAMPION = "there is no champion yet"
_POOL = 64


class NoChampionError(Exception):
    """There is nothing to compare with yet; the plugin makes a skip of it."""


class Latency:
    """Times one call of the model: by default the prediction of one row.

    Args:
        model: Gives the model under test when it is needed.
        champion: Gives the champion's; None where there is none. Raises where it cannot be had.
        data: Gives rows to predict.
        note: Told each number: name, value, the champion's.
    """

    def __init__(
        self,
        *,
        model: Callable[[], Any],
        champion: Callable[[], Any | None],
        data: Callable[[], Rows],
        note: Callable[[str, float, float | None], None],
    ) -> None:
        self._model = model
        self._champion = champion
        self._data = data
        self._note = note
        self.timed: Timed | None = None
        """What the last assertion measured."""

    def assert_at_most(
        self,
        *,
        ratio: float,
        rows: int = 1,
        call: Callable[[], Any] | None = None,
        baseline: Callable[[], Any] | None = None,
        name: str = "",
        budget_s: float = BUDGET_S,
    ) -> Timed:
        """The model takes at most `ratio` times as long as the champion.

        Both take turns in random order, so that a busy machine slows both. It fails where the whole
        interval of the median ratio is above the limit, or, when the budget leaves the limit inside
        the interval, where the median is.

        Args:
            ratio: Limit, > 0; 1.1 lets it be 10 % slower.
            rows: Rows of one prediction.
            call: What to time instead of the model; then `baseline` is what to compare with.
            baseline: See `call`.
            name: Tells several measurements apart: `latency.NAME.p95_ms`.
            budget_s: Seconds after which no more is measured.

        Raises:
            AssertionError: It takes longer.
            NoChampionError: There is none yet; the model alone was timed.
            ModelTestError: Only one of `call` and `baseline` was given, or nothing can be timed.
        """
        __tracebackhide__ = True
        if (call is None) is not (baseline is None):
            raise ModelTestError("`call` and `baseline` belong together: give both, or none")
        if call is None and self._champion() is None:
            with suppress(ModelTestError):  # the gate may ask for the time itself all the same
                self.measure(rows=rows, name=name, budget_s=budget_s)
            raise NoChampionError(NO_CHAMPION)
        ours, theirs = self._calls(rows, call, baseline)
        watch = Stopwatch(ours, theirs, budget_s=budget_s)
        timed = watch.until(lambda t: t.ratio is not None and not t.ratio.holds(ratio))
        self._keep(timed, name)
        found = timed.ratio
        if found is None:
            raise ModelTestError("nothing was timed beside the champion")
        is_over = found.value > ratio if found.holds(ratio) else found.low > ratio
        if is_over:
            raise AssertionError(
                f"the model takes {found.value:.3f} times as long as the champion"
                f" ({found.low:.3f} to {found.high:.3f} at 95 %, {_both(timed)});"
                f" at most {ratio:g} is wanted"
            )
        return timed

    def assert_p50(self, *, ms: float, **options: Any) -> Timed:
        """Half of all calls take at most `ms` milliseconds; see `assert_p95`."""
        __tracebackhide__ = True
        return self._assert_quantile("p50", ms, **options)

    def assert_p95(self, *, ms: float, **options: Any) -> Timed:
        """95 % of all calls take at most `ms` milliseconds.

        The quantile is taken of each round of calls, and the median over the rounds counts, so that
        one disturbance fails nobody; while the limit lies inside its interval, it goes on.
        A machine that is busy all the time does slow it: where that happens, compare with the
        champion instead (`assert_at_most`).

        Args:
            ms: Limit in milliseconds, > 0.
            options: `rows`, `call`, `name`, `budget_s`, as in `assert_at_most`.

        Raises:
            AssertionError: They take longer.
        """
        __tracebackhide__ = True
        return self._assert_quantile("p95", ms, **options)

    def assert_p99(self, *, ms: float, **options: Any) -> Timed:
        """99 % of all calls take at most `ms` milliseconds; see `assert_p95`."""
        __tracebackhide__ = True
        return self._assert_quantile("p99", ms, **options)

    def _assert_quantile(
        self,
        quantile: str,
        ms: float,
        *,
        rows: int = 1,
        call: Callable[[], Any] | None = None,
        name: str = "",
        budget_s: float = BUDGET_S,
    ) -> Timed:
        __tracebackhide__ = True
        timed = self.measure(
            rows=rows, call=call, name=name, budget_s=budget_s, until=lambda t: _is_told(t, ms)
        )
        found = {"p50": timed.p50_ms, "p95": timed.p95_ms.value, "p99": timed.p99_ms}[quantile]
        if not found <= ms:
            raise AssertionError(
                f"{quantile} of a call is {found:.4g} ms ({_both(timed)}; {timed.calls} calls in"
                f" {timed.rounds} rounds); at most {ms:g} ms is wanted"
            )
        return timed

    def measure(
        self,
        *,
        rows: int = 1,
        call: Callable[[], Any] | None = None,
        name: str = "",
        budget_s: float = BUDGET_S,
        until: Callable[[Timed], bool] = lambda _timed: True,
    ) -> Timed:
        """Time without a limit, for `gate.metrics` to judge: `latency.p95_ms` and the others.

        Args:
            rows: Rows of one prediction.
            call: What to time instead of the model; the champion is then left out.
            name: Tells several measurements apart.
            budget_s: Seconds after which no more is measured.
            until: Whether enough is known.
        """
        __tracebackhide__ = True
        ours, theirs = self._calls(rows, call, None)
        timed = Stopwatch(ours, theirs, budget_s=budget_s).until(until)
        self._keep(timed, name)
        return timed

    def _calls(
        self,
        rows: int,
        call: Callable[[], Any] | None,
        baseline: Callable[[], Any] | None,
    ) -> tuple[Callable[[], Any], Callable[[], Any] | None]:
        """What is timed; a model predicts other rows each time, the champion the same ones."""
        if call is not None:
            return call, baseline
        if rows < 1:
            raise ModelTestError(f"rows is {rows}, must be 1 or more")
        champion = self._champion()
        ours = _Predicts(self._model(), self._data(), rows)
        return ours, None if champion is None else _Predicts(champion, self._data(), rows)

    def _keep(self, timed: Timed, name: str) -> None:
        self.timed = timed
        start = f"latency.{name}." if name else "latency."
        for quantile, ours, theirs in (
            ("p50", timed.p50_ms, timed.base_p50_ms),
            ("p95", timed.p95_ms.value, timed.base_p95_ms),
            ("p99", timed.p99_ms, timed.base_p99_ms),
        ):
            self._note(f"{start}{quantile}_ms", ours, theirs)
        if timed.ratio is not None:
            self._note(f"{start}ratio", timed.ratio.value, None)


class _Predicts:
    """Predicts batches of rows in turn; the batches are made before the clock starts."""

    def __init__(self, model: Any, rows: Rows, number: int) -> None:
        import numpy as np

        self._model = unwrapped(model)
        total = len(rows)
        if not total:
            raise ModelTestError("there are no rows to predict")
        pool = max(1, min(_POOL, total // number))
        order = np.random.default_rng(0).permutation(max(total, number)) % total
        self._batches = [
            rows.take(np.sort(order[i * number : (i + 1) * number])).for_model(self._model)
            for i in range(pool)
        ]
        self._next = 0

    def __call__(self) -> Any:
        batch = self._batches[self._next]
        self._next = (self._next + 1) % len(self._batches)
        return predict(self._model, batch)


def _is_told(timed: Timed, ms: float) -> bool:
    return not timed.p95_ms.holds(ms)


def _both(timed: Timed) -> str:
    ours = f"p50 {timed.p50_ms:.4g} ms, p95 {timed.p95_ms.value:.4g} ms, p99 {timed.p99_ms:.4g} ms"
    if timed.base_p50_ms is None or timed.base_p95_ms is None:
        return ours
    return f"{ours}; champion p50 {timed.base_p50_ms:.4g} ms, p95 {timed.base_p95_ms:.4g} ms"


def numbers_of(timed: Timed | None) -> Mapping[str, float]:
    """The numbers of a measurement, for a report."""
    if timed is None:
        return {}
    found = {"p50_ms": timed.p50_ms, "p95_ms": timed.p95_ms.value, "p99_ms": timed.p99_ms}
    if timed.ratio is not None:
        found["ratio"] = timed.ratio.value
    return found
