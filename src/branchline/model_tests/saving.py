"""Save, load in a fresh process, ask again: does the file hold all that the model is?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import branchline
from branchline.errors import ModelTestError
from branchline.model_tests.assertions import same_answers
from branchline.model_tests.loading import ModelFile, digest_of_file
from branchline.model_tests.predicting import scores
from branchline.model_tests.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMEOUT_S = 300.0
_START = (
    "import sys, branchline_pytest_shim;"
    " from branchline.model_tests.fresh import main; main(*sys.argv[1:])"
)
_PICKLES = (".pkl", ".pickle", ".joblib")


def assert_save_load_equal(
    model: Any,
    rows: Any,
    *,
    save: Callable[[Any, str], object] | None = None,
    ending: str = "",
    tolerance: float = 1e-6,
) -> None:
    """The model, saved and loaded in a fresh process, gives the same answers.

    Args:
        model: The fixture `model`, or an object that pickles.
        rows: To ask.
        save: Writes the object to a path, as the training does; None pickles what is a pickle, and
            takes the file as it is otherwise.
        ending: Of the file that `save` writes: `.onnx`; "" takes the model's own, or `.pkl`.
        tolerance: In the unit of the answers.

    Raises:
        AssertionError: The answers differ.
        ModelTestError: It cannot be saved, or not be loaded there: says why.
    """
    __tracebackhide__ = True
    held = Rows.of(rows)
    loaded = model.load() if isinstance(model, ModelFile) else model
    first = _reshaped(scores(loaded, held.for_model(loaded)), len(held))
    with tempfile.TemporaryDirectory(prefix="branchline-") as folder:
        path = _saved(model, loaded, folder, save, ending)
        other = _in_fresh_process(path, held, loaded, folder)
    same_answers(first, _reshaped(other, len(held)), held, "loaded in a fresh process", tolerance)


def _saved(
    model: Any, loaded: Any, folder: str, save: Callable[[Any, str], object] | None, ending: str
) -> str:
    own = os.path.splitext(model.file)[1] if isinstance(model, ModelFile) else ""
    path = os.path.join(folder, f"model{ending or own or '.pkl'}")
    if save is not None:
        save(loaded, path)
        return path
    if isinstance(model, ModelFile) and own not in _PICKLES:
        return model.absolute(model.file)
    try:
        import pickle

        with open(path, "wb") as file:
            pickle.dump(loaded, file)
    except Exception as error:
        raise ModelTestError(
            f"the model cannot be saved: {type(error).__name__}: {error}",
            todo="Hand over how it is saved: `save=lambda model, path: ...`.",
        ) from error
    return path


def _in_fresh_process(path: str, rows: Rows, loaded: Any, folder: str) -> Any:
    """Answers of the file in a Python that has nothing of this one but its path."""
    import pickle

    asked, told = os.path.join(folder, "rows.pkl"), os.path.join(folder, "answers.npy")
    with open(asked, "wb") as file:  # read by our own child, from a folder that only we may enter
        pickle.dump(rows.for_model(loaded), file)
    # In an environment without Branchline the shim finds the one that this process found.
    shim = os.path.join(os.path.dirname(branchline.__file__), "pytest_shim")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*(path for path in sys.path if path), shim]),
        "PYTHONHASHSEED": "random",
    }
    words = [sys.executable, "-c", _START, path, digest_of_file(path)]
    try:
        done = subprocess.run(
            [*words, asked, told],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelTestError(
            f"the fresh process gave no answer in {_TIMEOUT_S:.0f} s", todo="Ask for fewer rows."
        ) from error
    if done.returncode or not os.path.exists(told):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300]
        raise ModelTestError(
            f"a fresh process cannot load the model and predict: {last}",
            todo="What the model needs must come with its file, or from a module.",
        )
    import numpy as np

    return np.load(told, allow_pickle=False)


def _reshaped(answers: Any, number: int) -> Any:
    return answers.reshape(number, -1)
