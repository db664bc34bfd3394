"""Environments by lock digest, with packages that are made here, and real pip or uv."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.environments import LockEnvironments
from branchline.adapters.environments.requirements import without_editable
from branchline.adapters.environments.uv import find_uv
from branchline.errors import EnvironmentFailedError
from branchline.ports.environments import Made, Wanted
from branchline.testing.environments import EnvironmentsContract

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def wheel(folder: Path, version: str) -> str:
    """A package `tiny` that says its version; returns the file's name."""
    name = f"tiny-{version}-py3-none-any.whl"
    info = f"tiny-{version}.dist-info"
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("tiny.py", f"VERSION = {version!r}\n")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")
    return name


def environments(tmp_path: Path, uv: str | None = None) -> LockEnvironments:
    """The adapter, without an index; with venv and pip, of which one takes seconds, or with uv."""
    environ = {k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ}
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "UV_OFFLINE": "1"}
    offline |= {"UV_CACHE_DIR": str(tmp_path / "uv-cache"), "UV_NO_CONFIG": "1"}
    return LockEnvironments(
        str(tmp_path / "env"), python=sys.executable, environ={**environ, **offline}, uv=uv
    )


def wanted(tmp_path: Path, digest: str, text: str) -> Wanted:
    """A tree with a requirements file."""
    root = tmp_path / f"tree-{digest}"
    root.mkdir()
    (root / "requirements.txt").write_text(text)
    return Wanted(digest=digest, root=str(root), file="requirements.txt")


def version_in(made: Made | None) -> str:
    """What `import tiny` says in an environment."""
    assert made is not None
    words = [os.path.join(made.programs, "python"), "-c", "import tiny; print(tiny.VERSION)"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def test_two_digests_are_two_environments_and_one_is_made_once(tmp_path: Path) -> None:
    one = wanted(tmp_path, "a" * 64, f"{tmp_path / wheel(tmp_path, '1.0')}\n")
    two = wanted(tmp_path, "b" * 64, f"{tmp_path / wheel(tmp_path, '2.0')}\n")
    said: list[str] = []
    adapter = environments(tmp_path, find_uv(os.environ))
    made: list[Made | None] = []

    def make() -> None:
        made.append(adapter.ensure(one, is_stopped=lambda: False, say=said.append))

    makers = [threading.Thread(target=make) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    other = adapter.ensure(two, is_stopped=lambda: False, say=said.append)

    assert [version_in(item) for item in made] == ["1.0"] * 3
    assert sum(item.is_new for item in made if item) == 1
    assert version_in(other) == "2.0"
    assert said.count("making the environment of requirements.txt") == 2


def test_without_uv_one_is_made_with_venv_and_pip(tmp_path: Path) -> None:
    asked = wanted(tmp_path, "e" * 64, f"{tmp_path / wheel(tmp_path, '1.0')}\n")

    made = environments(tmp_path).ensure(asked, is_stopped=lambda: False, say=lambda _: None)

    assert version_in(made) == "1.0"
    assert made is not None
    assert os.path.exists(os.path.join(made.programs, "pip"))


def test_a_half_made_one_does_not_count(tmp_path: Path) -> None:
    asked = wanted(tmp_path, "c" * 64, f"{tmp_path / wheel(tmp_path, '1.0')}\n")
    left = tmp_path / "env" / ("c" * 32) / "bin"
    left.mkdir(parents=True)
    (left / "python").write_text("broken")

    adapter = environments(tmp_path, find_uv(os.environ))
    made = adapter.ensure(asked, is_stopped=lambda: False, say=lambda _: None)

    assert version_in(made) == "1.0"


def test_an_absent_package_names_the_file_and_the_installers_words(tmp_path: Path) -> None:
    asked = wanted(tmp_path, "d" * 64, "no-such-package-at-all==1.0\n")

    with pytest.raises(EnvironmentFailedError, match=r"requirements\.txt") as caught:
        environments(tmp_path).ensure(asked, is_stopped=lambda: False, say=lambda _: None)

    assert any("no-such-package-at-all" in line for line in caught.value.details)
    assert "index" in (caught.value.todo or "")
    assert not (tmp_path / "env" / ("d" * 32)).exists()


class TestLockEnvironments(EnvironmentsContract):
    @pytest.fixture
    def environments(self, tmp_path: Path) -> LockEnvironments:
        return environments(tmp_path, find_uv(os.environ))

    @pytest.fixture
    def wanted(self, tmp_path: Path) -> dict[str, Wanted]:
        file = tmp_path / wheel(tmp_path, "1.0")
        return {
            "one": wanted(tmp_path, "1" * 64, f"{file}\n"),
            "two": wanted(tmp_path, "2" * 64, f"{file}\n# two\n"),
            "absent": wanted(tmp_path, "3" * 64, "no-such-package-at-all==1.0\n"),
        }


def test_an_editable_requirement_is_installed_as_a_copy(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-e ./pkg\n--editable=other\nnumpy\n")

    with without_editable(str(tmp_path), "requirements.txt") as file, open(file) as stream:
        text = stream.read()

    assert text == "./pkg\nother\nnumpy\n"
    assert os.listdir(tmp_path) == ["requirements.txt"]
