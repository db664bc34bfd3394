"""Loading models by the ending of their file, once their bytes are known to be ours.

What is unpickled can run any code, so a file is loaded only if it is, byte for byte, what a run of
this project made. It is digested and loaded through one open file: nothing can be put in its place
in between.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from branchline.errors import MissingExtraError, ModelTestError
from branchline.model_tests.predicting import Loadable, predict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from branchline.model_tests.context import Place

_CHUNK_BYTES = 1 << 20


class ModelFile(Loadable, os.PathLike[str]):
    """One model on disk, loaded when it is first used.

    Has `predict` and, where the model has it, `predict_proba`; everything else of the model is at
    `load()`.

    Args:
        place: Where its files are and what they must hold.
        root: Absolute root of the repository, whose modules a pickle may name.
    """

    def __init__(self, place: Place, root: str) -> None:
        if place.problem:
            raise ModelTestError(f"there is no model to test: {place.problem}")
        self.said = place.said
        self._place = place
        self._root = root
        self._loaded: list[Any] = []

    @property
    def path(self) -> str:
        """Absolute path of the model: the file, or the folder.

        Raises:
            ModelTestError: The model is several outputs.
        """
        if len(self._place.paths) != 1:
            raise ModelTestError(
                f"the model is several files: {', '.join(self._place.paths)}",
                todo="Use `model.paths`, or name one in branchline.yaml: registry: {paths: [...]}.",
            )
        return self.paths[0]

    @property
    def paths(self) -> tuple[str, ...]:
        """Absolute paths of all outputs that are the model."""
        return tuple(os.path.join(self._place.folder, path) for path in self._place.paths)

    def __fspath__(self) -> str:
        """See `path`."""
        return self.path

    def __repr__(self) -> str:
        """Which model this is."""
        return f"<model {', '.join(self._place.paths)} of {self.said}>"

    @property
    def file(self) -> str:
        """The one file that can be loaded, from the place's folder.

        Raises:
            ModelTestError: None, or several.
        """
        found = [
            path
            for path in self._place.files
            if path.endswith(tuple(_LOADERS))
            and any(path == own or path.startswith(f"{own}/") for own in self._place.paths)
        ]
        if len(found) == 1:
            return found[0]
        endings = " ".join(_LOADERS)
        if found:
            raise ModelTestError(
                f"the model holds several files that can be loaded: {', '.join(sorted(found)[:5])}",
                todo="Load the one you mean: `model.load_file('NAME')`.",
            )
        raise ModelTestError(
            f"`{', '.join(self._place.paths)}` has no file that Branchline can load ({endings})",
            todo="Load it yourself from `model.path`, and hand it to the assertions.",
        )

    def load(self) -> Any:
        """The model as an object, loaded once.

        Raises:
            ModelTestError: Its bytes are not what a run made, or it cannot be loaded.
            MissingExtraError: A library is missing.
        """
        if not self._loaded:
            self._loaded.append(self.load_file(self.file))
        return self._loaded[0]

    def load_file(self, path: str) -> Any:
        """Load one file of the model, given from the root, by its ending.

        Raises:
            ModelTestError, MissingExtraError: As `load`.
        """
        expected = self._place.files.get(path)
        if expected is None:
            raise ModelTestError(
                f"`{path}` is no output of {self.said}, so it is not loaded",
                todo=f"Its files are: {', '.join(sorted(self._place.files)[:8]) or 'none'}.",
            )
        return load_verified(self.absolute(path), expected, said=self.said, root=self._root)

    def absolute(self, path: str) -> str:
        """Where one of its files is, given from the place's folder."""
        return os.path.join(self._place.folder, path)

    def predict(self, rows: Any) -> Any:
        """Predictions for rows, as the model gives them."""
        return predict(self.load(), rows)

    def predict_proba(self, rows: Any) -> Any:
        """Probabilities for rows, as the model gives them."""
        return self.load().predict_proba(rows)


def load_verified(path: str, md5: str, *, said: str, root: str) -> Any:
    """Load a file whose bytes have this digest.

    Args:
        path: Absolute.
        md5: What it must hold.
        said: Who made it, for messages.
        root: Absolute root of the repository; its modules can be imported meanwhile.

    Raises:
        ModelTestError: It holds something else, or cannot be loaded.
        MissingExtraError: A library is missing.
    """
    ending = next((e for e in _LOADERS if path.endswith(e)), "")
    if not ending:
        raise ModelTestError(
            f"`{path}` cannot be loaded by its ending",
            todo=f"Load it yourself; known endings are {' '.join(_LOADERS)}.",
        )
    try:
        with open(path, "rb") as file:
            _verify(file, md5, path, said)
            with _importable(root):
                return _LOADERS[ending](file)
    except (ModelTestError, MissingExtraError):
        raise
    except ImportError as error:
        raise ModelTestError(
            f"`{path}` needs a module that cannot be imported: {error}",
            todo="Install it here, or define the model's classes in a module that both import.",
        ) from error
    except OSError as error:
        raise ModelTestError(f"`{path}` cannot be read: {error.strerror or error}") from error
    except Exception as error:
        raise ModelTestError(
            f"`{path}` cannot be loaded: {type(error).__name__}: {error}",
            todo="A class defined in the training script itself must move to a module."
            if "__main__" in str(error)
            else "",
        ) from error


def _verify(file: IO[bytes], md5: str, path: str, said: str) -> None:
    """Digest an open file, and go back to its beginning.

    Raises:
        ModelTestError: It holds something else.
    """
    found = _md5_of(file)
    if found != md5:
        raise ModelTestError(
            f"`{path}` is not what {said} made (digest {found[:12]}, not {md5[:12]}), so it"
            " is not loaded: a file from elsewhere can run any code",
            todo="Type `branchline run`; it makes the model again, or puts it back.",
        )
    file.seek(0)


def digest_of_file(path: str) -> str:
    """MD5 of a file, as the store names what it holds."""
    with open(path, "rb") as file:
        return _md5_of(file)


def _md5_of(file: IO[bytes]) -> str:
    hasher = hashlib.md5(usedforsecurity=False)
    while chunk := file.read(_CHUNK_BYTES):
        hasher.update(chunk)
    return hasher.hexdigest()


@contextmanager
def _importable(root: str) -> Iterator[None]:
    """Let modules of the repository be found, last, while a pickle names them."""
    places = (root, os.path.join(root, "src")) if root else ()
    added = [path for path in places if path not in sys.path]
    sys.path.extend(added)
    try:
        yield
    finally:
        for path in added:
            if path in sys.path:
                sys.path.remove(path)


def _any_pickle(file: IO[bytes]) -> Any:
    """A plain pickle, or one that joblib wrote under the same ending, with arrays of its own."""
    import importlib.util
    import pickle

    if importlib.util.find_spec("joblib") is not None:
        return _joblib(file)  # reads both
    return pickle.load(file)  # noqa: S301 # its digest is that of a result of this project


def _joblib(file: IO[bytes]) -> Any:
    return _needed("joblib").load(file)


def _skops(file: IO[bytes]) -> Any:
    io = _needed("skops.io", "skops")
    data = file.read()
    return io.loads(data, trusted=io.get_untrusted_types(data=data))


def _torch(file: IO[bytes]) -> Any:
    torch = _needed("torch")
    # Whole modules need unpickling; the digest says that they are ours.
    return torch.load(file, map_location="cpu", weights_only=False)


def _onnx(file: IO[bytes]) -> Any:
    runtime = _needed("onnxruntime")
    return runtime.InferenceSession(file.read(), providers=["CPUExecutionProvider"])


def _safetensors(file: IO[bytes]) -> Any:
    return _needed("safetensors.numpy", "safetensors").load(file.read())


def _needed(module: str, package: str = "") -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = package or module
        raise MissingExtraError(
            f"loading this model needs {name}, which the tests' environment lacks ({error})",
            todo=f"pip install {name}",
        ) from error


_LOADERS: Mapping[str, Callable[[IO[bytes]], Any]] = {
    ".joblib": _joblib,
    ".pkl": _any_pickle,
    ".pickle": _any_pickle,
    ".skops": _skops,
    ".onnx": _onnx,
    ".safetensors": _safetensors,
    ".pt": _torch,
    ".pth": _torch,
}
