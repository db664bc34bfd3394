"""One way to ask any model: an object with `predict`, a function, or a session of ONNX Runtime."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from branchline.errors import ModelTestError

if TYPE_CHECKING:
    import numpy as np


class Loadable(ABC):
    """What is not the model itself, but can load it."""

    @abstractmethod
    def load(self) -> Any:
        """The model as an object."""
        ...


def predict(model: Any, rows: Any) -> Any:
    """What a model answers for rows.

    Args:
        model: Has `predict`, or is a function of rows, or an ONNX session.
        rows: In the form that it takes.

    Raises:
        ModelTestError: It is none of these.
    """
    loaded = unwrapped(model)
    if hasattr(loaded, "predict"):
        return loaded.predict(rows)
    if hasattr(loaded, "get_inputs") and hasattr(loaded, "run"):
        return _by_onnx(loaded, rows)[0]
    if callable(loaded):
        return loaded(rows)
    raise ModelTestError(
        f"a {type(loaded).__name__} has no `predict` and cannot be called",
        todo="Hand a function to the assertion: `lambda rows: ...`.",
    )


def scores(model: Any, rows: Any) -> np.ndarray:
    """The finest numbers that a model gives: probabilities where it has them, else predictions.

    Returns:
        Shape (rows,) or (rows, outputs). Labels that are no numbers stay texts.
    """
    import numpy as np

    loaded = unwrapped(model)
    if hasattr(loaded, "predict_proba"):
        try:
            return np.asarray(loaded.predict_proba(rows), dtype=float)
        except (AttributeError, NotImplementedError):  # a library's own answer, caught only
            # The model has the method in name only, as an SVM without probability=True and some
            # wrappers have: that is how libraries say it. Its decisions follow below.
            pass
    if hasattr(loaded, "get_inputs") and hasattr(loaded, "run"):
        return _onnx_scores(loaded, rows)
    return as_array(predict(loaded, rows))


def unwrapped(model: Any) -> Any:
    """The loaded object, where a `ModelFile` was handed in."""
    return model.load() if isinstance(model, Loadable) else model


def as_array(values: Any) -> np.ndarray:
    """Predictions as an array of numbers, or of texts where they are no numbers."""
    import numpy as np

    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        return array.astype(float)
    try:
        return array.astype(float)
    except (TypeError, ValueError):
        return array.astype(str)


def _by_onnx(session: Any, rows: Any) -> list[Any]:
    import numpy as np

    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ModelTestError(
            f"the ONNX model has {len(inputs)} inputs, not one",
            todo="Hand a function to the assertion: `lambda rows: session.run(None, {...})[0]`.",
        )
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
    kind = kinds.get(inputs[0].type, np.float32)
    found = session.run(None, {inputs[0].name: np.asarray(rows, dtype=kind)})
    return list(found)


def _onnx_scores(session: Any, rows: Any) -> np.ndarray:
    """Probabilities are the last output of a converted classifier; as arrays or as mappings."""
    import numpy as np

    last = _by_onnx(session, rows)[-1]
    if isinstance(last, list) and last and isinstance(last[0], dict):
        return np.asarray([list(row.values()) for row in last], dtype=float)
    return as_array(last)
