"""`branchline env`: an old project from failure to verdict, against an index of this test's own."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from tests.package_index import PackageIndex, package_index

from branchline.adapters.environments.uv import find_uv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Clone

pytestmark = pytest.mark.slow

OLD, NEW = "2020-02-01", "2024-02-01"
GONE = """
__version__ = {version!r}
def __getattr__(name):
    raise AttributeError(f"module 'numpy' has no attribute {{name!r}}")
"""
TRAIN = """
import json
import numpy
json.dump({"loss": numpy.float(1)}, open("metrics.json", "w"))
open("model", "w").write(numpy.__version__)
"""
FILES = {
    "branchline.yaml": "model: old\ntrain: python train.py\n",
    "train.py": TRAIN,
    "requirements.txt": "numpy\n",
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """An index whose NumPy dropped `float`, as the real one did."""
    with package_index() as served:
        served.wheel("numpy", "1.19.5", OLD, "__version__ = '1.19.5'\nfloat = float\n")
        served.wheel("numpy", "1.24.0", NEW, GONE.format(version="1.24.0"))
        served.wheel("pyyaml", "5.4", OLD, module="yaml")
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.url)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("PATH", f"{os.path.dirname(find_uv(os.environ))}:{os.environ['PATH']}")
        for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "VIRTUAL_ENV"):
            monkeypatch.delenv(name, raising=False)
        yield served


def old(make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, **files: str) -> Clone:
    """A project of 2021 that was never written for us; its hint is the Python of this test."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_DATE", "2021-05-03T10:00:00Z")
    named = {path.replace("__", "."): text for path, text in files.items()}
    here = "{}.{}\n".format(*sys.version_info[:2])
    clone = make_clone(FILES | {".python-version": here} | named)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{who}_DATE")
    return clone


def said(clone: Clone, *words: str) -> dict[str, object]:
    """What a command answers as JSON."""
    at = 2 if words[0] == "env" else 1  # before the words of a command
    return json.loads(clone.call(*words[:at], "--json", *words[at:]).out)  # type: ignore[no-any-return]


def test_show_says_what_and_why(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    clone = old(make_clone, monkeypatch)

    shown = clone.call("env", "show", "--made")

    assert shown.code == 0
    assert "your own Python" in shown.out
    assert ".python-version:1" in shown.out
    assert "2021-05-03  the day of commit" in shown.out
    assert re.search(r"numpy +1\.19\.5", shown.out)
    assert not (clone.root / "branchline-constraints.txt").exists()


def test_repair_finds_what_the_commit_had_and_the_run_goes_on_with_it(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    clone = old(make_clone, monkeypatch)

    told = clone.call("env", "repair")

    assert told.code == 0, told.err
    assert "NumPy 1.24 removed `np.float`" in told.out
    assert "train.py:4" in told.out
    text = (clone.root / "branchline-constraints.txt").read_text()
    assert "numpy==1.19.5 \\\n    --hash=sha256:" in text
    assert clone.git("status", "--porcelain") == "?? branchline-constraints.txt"
    clone.write("branchline.yaml", FILES["branchline.yaml"] + "environment: {make: always}\n")
    clone.commit("repaired")
    ran = clone.call("run")
    assert ran.code == 0, ran.err
    assert (clone.root / "model").read_text() == "1.19.5"
    index.asked.clear()
    clone.write("requirements.txt", "# the same\nnumpy\n")
    assert said(clone, "plan")["stages"][0]["action"] == "reuse"  # type: ignore[index]
    assert index.asked == []  # what was found holds without an index
    shown = said(clone, "env", "show")
    assert shown["is_made"] is True
    assert shown["is_there"] is True


def test_where_the_day_does_not_help_the_failures_say_what_to_try(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    index.tells_times = False  # so nothing can be had as of a day
    clone = old(make_clone, monkeypatch, train__py=f"import yaml\n{TRAIN}")

    done = said(clone, "env", "repair")

    kinds = [a["failure"] and a["failure"]["kind"] for a in done["attempts"]]  # type: ignore[attr-defined]
    assert done["is_found"] is True
    assert {"missing_module", "removed_api"} <= set(kinds)
    assert kinds[-1] is None
    text = str(done["text"])
    assert "numpy==1.19.5" in text
    assert "pyyaml==5.4" in text
    assert "# added pyyaml: `yaml` is imported" in text


def test_diff_writes_nothing(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    clone = old(make_clone, monkeypatch)

    told = clone.call("env", "repair", "--diff")

    assert "+numpy==1.19.5" in told.out
    assert clone.git("status", "--porcelain") == ""


def test_what_runs_today_is_left_alone(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    clone = old(make_clone, monkeypatch)

    told = clone.call("env", "repair", "--", "python", "-c", "import numpy")

    assert told.code == 0
    assert "nothing to repair" in told.out
    assert clone.git("status", "--porcelain") == ""


def test_a_failure_that_is_not_about_packages_is_told_and_nothing_is_written(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    clone = old(make_clone, monkeypatch)

    told = clone.call("env", "repair", "--", "python", "-c", "raise ValueError('no rows')")

    assert told.code == 1
    assert "ValueError: no rows" in told.out
    assert "Nothing was written" in told.out
    assert clone.git("status", "--porcelain") == ""


def test_a_build_that_fails_is_told_and_built_files_are_taken(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    index.wheel("fastlib", "1.0", OLD)
    index.source("fastlib", "1.1", OLD)
    clone = old(make_clone, monkeypatch, requirements__txt="fastlib", train__py="import fastlib")

    done = said(clone, "env", "repair", "--", "python", "train.py")

    assert done["attempts"][0]["failure"]["kind"] == "build"  # type: ignore[index]
    assert done["is_found"] is True
    assert "fastlib==1.0" in str(done["text"])


def test_pins_that_contradict_each_other_are_loosened_last(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    index.wheel("needy", "1.0", OLD, needs=("numpy>=1.19",))
    index.wheel("numpy", "1.10", OLD, "__version__ = '1.10'\nfloat = float\n")
    clone = old(make_clone, monkeypatch, requirements__txt="needy==1.0\nnumpy==1.10\n")

    done = said(clone, "env", "repair")

    assert done["attempts"][0]["failure"]["kind"] == "conflict"  # type: ignore[index]
    assert done["is_found"] is True
    assert "numpy==1.19.5" in str(done["text"])


def test_a_command_that_goes_on_counts_as_running(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    clone = old(make_clone, monkeypatch)

    code = "import numpy, time; getattr(numpy, 'float'); time.sleep(60)"
    done = said(clone, "env", "repair", "--limit", "2s", "--", f'python -c "{code}"')

    assert done["attempts"][-1]["is_cut"] is True  # type: ignore[index]
    assert done["is_written"] is True


def test_the_password_of_an_index_is_nowhere(
    make_clone: Callable[..., Clone],
    monkeypatch: pytest.MonkeyPatch,
    index: PackageIndex,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.with_password("hunter2hunter2"))
    clone = old(make_clone, monkeypatch)

    told = clone.call("env", "repair")

    assert told.code == 0, told.err
    assert "hunter2" not in told.out + told.err
    for place in (clone.root, tmp_path / "cache"):
        for folder, _, names in os.walk(place):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        assert b"hunter2" not in file.read(), path


def test_an_index_that_is_not_reached_ends_the_search_at_once(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    clone = old(make_clone, monkeypatch)

    told = clone.call("env", "repair")

    assert told.code == 1
    assert told.out == ""
    assert "does not reach a package index" in told.err


def test_an_old_release_whose_own_needs_no_installer_reads_any_more_is_found(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    index.wheel("pandas", "0.23.4", OLD, needs=("pytz>=2011k", "numpy>=1.9"))
    index.wheel("pytz", "2018.5", OLD)
    index.wheel("python-dateutil", "2.7", OLD, module="dateutil")
    clone = old(make_clone, monkeypatch, requirements__txt="pandas==0.23.4\n")

    shown = clone.call("env", "show", "--made")

    assert shown.code == 0, shown.err
    assert re.search(r"pandas +0\.23\.4", shown.out)
    assert re.search(r"pytz +2018\.5", shown.out)
    told = clone.call("env", "repair", "--", "python", "-c", "import numpy; numpy.float(1)")
    assert told.code == 0, told.out
    # On another machine it is made of the file alone.
    monkeypatch.setenv("XDG_CACHE_HOME", str(clone.root.parent / "another"))
    clone.write("branchline.yaml", FILES["branchline.yaml"] + "environment: {make: always}\n")
    ran = clone.call("run")
    assert ran.code == 0, ran.err


def test_a_poetry_lock_gives_its_versions_and_its_digests(
    make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    digest = index.files["numpy"][0].sha256
    lock = (
        '[[package]]\nname = "numpy"\nversion = "1.19.5"\noptional = false\n'
        f'files = [{{file = "x.whl", hash = "sha256:{digest}"}}]\n'
    )
    pyproject = '[tool.poetry.dependencies]\nnumpy = "*"\n'
    clone = old(make_clone, monkeypatch, poetry__lock=lock, pyproject__toml=pyproject)
    clone.write("branchline.yaml", FILES["branchline.yaml"] + "environment: {make: always}\n")

    ran = clone.call("run")

    assert ran.code == 0, ran.err
    assert (clone.root / "model").read_text() == "1.19.5"
    shown = said(clone, "env", "show")
    assert [p["hashes"] for p in shown["packages"]] == [[f"sha256:{digest}"]]  # type: ignore[attr-defined]


def test_options_of_the_other_verb_are_refused(make_clone: Callable[..., Clone]) -> None:
    clone = make_clone(FILES)

    assert clone.call("env", "show", "--diff").code == 2
    assert clone.call("env", "repair", "--made").code == 2


STRANGER = {
    "branchline.yaml": "model: old\nenvironment: {make: always}\ntrain: python train.py\n",
    "setup.py": "open('ran-setup', 'w')\nfrom setuptools import setup\nsetup(name='x')\n",
}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("tool\n", "`tool` has versions without a built file", id="source file"),
        pytest.param("-e .\n", "requirements.txt:1 (`-e .`)", id="editable"),
    ],
)
@pytest.mark.parametrize("words", [("plan",), ("why", "train"), ()], ids=["plan", "why", "status"])
def test_a_plan_runs_no_code_of_a_package(
    make_clone: Callable[..., Clone],
    monkeypatch: pytest.MonkeyPatch,
    index: PackageIndex,
    tmp_path: Path,
    text: str,
    why: str,
    words: tuple[str, ...],
) -> None:
    index.wheel("tool", "1.0", OLD)
    index.source("tool", "2.0", OLD, code=f"open({str(tmp_path / 'ran')!r}, 'w').write('ran')\n")
    clone = old(make_clone, monkeypatch, **STRANGER, **{"requirements.txt": text})

    done = clone.call(*words)

    assert why in done.out, done
    assert not (tmp_path / "ran").exists()
    assert not (clone.root / "ran-setup").exists()


@pytest.mark.parametrize("place", ["./own", "."], ids=["a folder", "the repository"])
def test_an_editable_folder_counts_by_its_sources_and_not_by_what_its_build_leaves(
    make_clone: Callable[..., Clone],
    monkeypatch: pytest.MonkeyPatch,
    index: PackageIndex,
    place: str,
) -> None:
    backend = (
        "import os, zipfile\n"
        "def build_wheel(folder, *_):\n"
        "    os.makedirs('own.egg-info', exist_ok=True)\n"
        "    open('own.egg-info/top.py', 'w').write('# left')\n"
        "    with zipfile.ZipFile(f'{folder}/own-1-py3-none-any.whl', 'w') as archive:\n"
        "        archive.write('own.py')\n"
        "        info = 'own-1.dist-info/'\n"
        "        head = 'Metadata-Version: 2.1\\nName: own\\nVersion: 1\\n'\n"
        "        archive.writestr(info + 'METADATA', head)\n"
        "        tag = 'Root-Is-Purelib: true\\nTag: py3-none-any\\n'\n"
        "        archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\n' + tag)\n"
        "        archive.writestr(info + 'RECORD', '')\n"
        "    return 'own-1-py3-none-any.whl'\n"
        "build_editable = build_wheel\n"
    )
    files = {
        "branchline.yaml": "model: old\nenvironment: {make: always}\ntrain: python train.py\n",
        "train.py": "import json, own\nopen('model', 'w').write(str(own.V))\n"
        "json.dump({'loss': 1}, open('metrics.json', 'w'))\n",
        "requirements.txt": f"-e {place}\n",
        f"{place}/own.py": "V = 1\n",
        f"{place}/backend.py": backend,
        f"{place}/pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
        'backend-path = ["."]\n[project]\nname = "own"\nversion = "1"\n',
    }
    clone = old(make_clone, monkeypatch, **files)

    first, again = clone.call("run"), clone.call("plan")
    clone.write(f"{place}/own.py", "V = 2\n")
    changed = clone.call("run")

    assert (first.code, changed.code) == (0, 0), first
    assert "nothing changed" in again.out
    assert (clone.root / "model").read_text() == "2"
