"""Acceptance, group D: what belongs to the code of a stage, and what surrounds it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import ready_branchline

import branchline

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Project

    Edit = Callable[[Project], object]
    MakeTrained = Callable[[dict[str, str]], Project]

SINGLE = "stages:\n  train:\n    cmd: {cmd}\n    outs: [model.txt]\n"
WRITES = "\nwith open('model.txt', 'w') as out:\n    out.write(str({what}))\n"


def single(files: dict[str, str], cmd: str = "python3 fit.py") -> dict[str, str]:
    """Files of a project of one stage."""
    return {"branchline.yaml": "model: demo\n", "dvc.yaml": SINGLE.format(cmd=cmd), **files}


def planned(project: Project, edit: Edit | None = None) -> dict[str, Any]:
    """The plan of `train` after an edit that is committed."""
    if edit is not None:
        edit(project)
        project.commit("an edit")
    return project.plan()["train"]


def put(path: str, text: str) -> Edit:
    return lambda project: project.write(path, text)


def swap(path: str, old: str, new: str) -> Edit:
    return lambda project: project.replace(path, old, new)


DYNAMIC = single(
    {
        "fit.py": (
            "import importlib\nimport json\nname = json.load(open('pick.json'))['name']\n"
            'net = importlib.import_module("nets." + name)' + WRITES.format(what="net.A")
        ),
        "pick.json": '{"name": "small"}',
        "nets/__init__.py": "",
        "nets/small.py": "A = 1\n",
        "nets/large.py": "A = 2\n",
    }
)


def test_d1_all_that_a_dynamic_import_may_mean_counts_and_is_said(
    make_trained: MakeTrained,
) -> None:
    project = make_trained(DYNAMIC)

    before = planned(project)
    after = planned(project, put("nets/large.py", "A = 3\n"))

    assert (before["action"], after["action"]) == ("reuse", "run")
    assert any("fit.py" in note for note in after["notes"])


HYDRA = single(
    {
        "fit.py": "import hydra_like\n" + WRITES.format(what="hydra_like.A"),
        "hydra_like.py": (
            "import importlib\ntext = open('conf/model.yaml').read().split()[-1]\n"
            "A = getattr(importlib.import_module(text.rpartition('.')[0]), 'Net').A\n"
        ),
        "conf/model.yaml": "_target_: nets.deep.Net\n",
        "nets/__init__.py": "",
        "nets/deep.py": "class Net:\n    A = 1\n",
    }
)


def test_d2_the_target_that_a_configuration_names_counts(make_trained: MakeTrained) -> None:
    project = make_trained(HYDRA)

    assert planned(project)["action"] == "reuse"
    assert planned(project, swap("nets/deep.py", "1", "2"))["action"] == "run"


EITHER = single(
    {
        "fit.py": "try:\n    import fast as f\nexcept ImportError:\n    import slow as f\n"
        + WRITES.format(what="f.A"),
        "fast.py": "A = 1\n",
        "slow.py": "A = 2\n",
    }
)


@pytest.mark.parametrize("path", ["fast.py", "slow.py"])
def test_d3_both_sides_of_an_import_that_may_fail_count(
    make_trained: MakeTrained, path: str
) -> None:
    assert planned(make_trained(EITHER), put(path, "A = 3\n"))["action"] == "run"


FORMS = single(
    {
        "fit.py": (
            "import sys\nfrom pack.stars import *\nimport json, second\n"
            "if len(sys.argv) > 1:\n    import never\n\n\n"
            "def late():\n    from inner import A\n    return A\n"
            + WRITES.format(what="late() + B + second.A")
        ),
        "pack/__init__.py": "from . import first\n",
        "pack/stars.py": "from .first import B\n",
        "pack/first.py": "B = 1\n",
        "second.py": "A = 1\n",
        "never.py": "A = 1\n",
        "inner.py": "A = 1\n",
    }
)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("pack/first.py", id="D4-relative"),
        pytest.param("pack/stars.py", id="D4-star"),
        pytest.param("pack/__init__.py", id="D4-package"),
        pytest.param("never.py", id="D4-conditional"),
        pytest.param("inner.py", id="D4-inside-a-function"),
        pytest.param("second.py", id="D4-second-name-of-one-statement"),
    ],
)
def test_every_form_of_import_is_followed(make_trained: MakeTrained, path: str) -> None:
    project = make_trained(FORMS)

    entry = planned(project, lambda p: p.write(path, p.read(path) + "C = 1\n"))

    assert entry["action"] == "run"
    assert path in entry["reason"]


TWICE = single(
    {
        "fit.py": "import lib\n" + WRITES.format(what="lib.A"),
        "lib.py": "A = 1\n",
        "src/lib.py": "A = 2\n",
    },
    cmd="PYTHONPATH=src python3 fit.py",
)


def test_d5_a_module_in_two_places_counts_in_both_and_is_said(make_trained: MakeTrained) -> None:
    project = make_trained(TWICE)

    entry = planned(project, put("src/lib.py", "A = 3\n"))

    assert entry["action"] == "run"
    assert any("lib" in note and "ambiguous" in note for note in entry["notes"])


def test_d6_settings_opened_by_name_count(make_trained: MakeTrained) -> None:
    project = make_trained({})

    entry = planned(project, swap("conf/app.yaml", "rate: 0.5", "rate: 0.6"))

    assert entry["action"] == "run"
    assert "conf/app.yaml" in entry["reason"]


READS = "import os\nname = os.path.join('tab' + 'les', 'one' + '.csv')\n"


def test_d6_a_file_that_was_only_seen_to_be_read_counts(make_trained: MakeTrained) -> None:
    source = READS + "text = open(name).read()\n" + WRITES.format(what="text")
    project = make_trained(single({"fit.py": source, "tables/one.csv": "1\n"}))

    before = planned(project)
    after = planned(project, put("tables/one.csv", "2\n"))

    assert (before["action"], after["action"]) == ("reuse", "run")
    assert "tables/one.csv" in after["reason"]


def test_d7_an_undeclared_read_is_said_after_the_run(make_trained: MakeTrained) -> None:
    source = READS + "text = open(name).read()\n" + WRITES.format(what="text")
    project = make_trained(single({"fit.py": source, "tables/one.csv": "1\n"}))
    project.write("tables/one.csv", "3\n")

    done = project.branchline("run")

    assert done.code == 0, done.text
    assert "tables/one.csv" in done.text


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_d7_what_another_program_reads_counts_when_traced(make_trained: MakeTrained) -> None:
    source = READS + "import subprocess\ntext = subprocess.check_output(['cat', name])\n"
    files = {"fit.py": source + WRITES.format(what="text"), "tables/one.csv": "1\n"}
    rules = "model: demo\nchanges: {trace: strace}\n"
    project = make_trained({**single(files), "branchline.yaml": rules})

    before = planned(project)
    after = planned(project, put("tables/one.csv", "2\n"))

    assert (before["action"], after["action"]) == ("reuse", "run")


def test_d8_data_outside_the_repository_are_never_taken_for_unchanged(
    make_trained: MakeTrained,
) -> None:
    project = make_trained({})
    deps = "    deps:\n    - data/clean.csv\n"
    project.replace("dvc.yaml", deps, deps + "    - s3://b/l/\n")

    entry = planned(project)

    assert entry["action"] in ("run", "may_run")
    assert "s3://b/l" in json.dumps([entry["reason"], entry["notes"]])


def plan_with(project: Project, **variables: str) -> dict[str, Any]:
    """The plan of `train` in an environment of its own."""
    source = str(Path(branchline.__file__).parent.parent)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": source, "HOME": "/nonexistent"}
    done = ready_branchline.call(["plan", "--json"], cwd=project.root, env=environ | variables)
    done.check_returncode()
    stages = {entry["stage"]: entry for entry in json.loads(done.stdout)["stages"]}
    return dict(stages["train"])


def test_d9_only_declared_variables_count(make_trained: MakeTrained) -> None:
    rules = "model: demo\nenvironment: {variables: [DATA_YEAR]}\n"
    project = make_trained({**single({"fit.py": WRITES.format(what=1)}), "branchline.yaml": rules})

    unset = plan_with(project)
    declared = plan_with(project, DATA_YEAR="2025")
    other = plan_with(project, MOOD="fine")

    assert (unset["action"], declared["action"], other["action"]) == ("reuse", "run", "reuse")
    assert "DATA_YEAR" in declared["reason"]
    assert "2025" not in json.dumps(declared), "it may be a secret"


def test_d10_an_image_whose_digest_moved_trains(make_trained: MakeTrained) -> None:
    rules = "model: demo\nenvironment: {image: 'team/base@sha256:" + "a" * 64 + "'}\n"
    project = make_trained({**single({"fit.py": WRITES.format(what=1)}), "branchline.yaml": rules})

    before = planned(project)
    after = planned(project, swap("branchline.yaml", "a" * 64, "b" * 64))

    assert (before["action"], after["action"]) == ("reuse", "run")
    assert "image" in after["reason"]


def test_d12_another_minor_version_of_python_trains(
    make_trained: MakeTrained, tmp_path: Path
) -> None:
    project = make_trained({})
    for name in ("python", "python3"):
        program = tmp_path / "other" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\necho 3.99.0\n")
        program.chmod(0o755)

    entry = plan_with(project, PATH=f"{tmp_path}/other:{os.environ['PATH']}")

    assert entry["action"] in ("run", "may_run")
    assert "Python" in entry["reason"] or "prepare" in entry["reason"]


def test_d13_another_seed_trains(make_trained: MakeTrained) -> None:
    entry = planned(make_trained({}), swap("params.yaml", "seed: 1", "seed: 2"))

    assert entry["action"] == "run"
    assert "train.seed" in entry["reason"]


RAISED = (
    "import sys\nimport branchline.core.changes.values as values\nvalues.ALGORITHM = 'next'\n"
    "from branchline.cli.dispatch import dispatch\nsys.exit(dispatch(['plan', '--json']))\n"
)


def test_d14_a_new_version_of_the_reading_trains_nothing_again(make_trained: MakeTrained) -> None:
    project = make_trained({})

    done = subprocess.run(
        [sys.executable, "-c", RAISED],
        cwd=project.root,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(branchline.__file__).parent.parent),
             "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip

    old, new = planned(project)["key"], json.loads(done.stdout)["stages"]
    assert [entry["action"] for entry in new] == ["reuse", "reuse", "reuse"]
    assert old not in [entry["key"] for entry in new]


TWO_MODELS = {
    "branchline.yaml": "model: demo\n",
    "dvc.yaml": (
        "stages:\n  train:\n    cmd: python3 fit.py\n    outs: [model.txt]\n"
        "  second:\n    cmd: python3 other.py\n    outs: [other.txt]\n"
    ),
    "fit.py": "import shared, mine\n" + WRITES.format(what="mine.A + shared.A"),
    "other.py": "import shared\n" + WRITES.format(what="shared.A").replace("model", "other"),
    "shared.py": "A = 1\n",
    "mine.py": "A = 1\n",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("mine.py", {"train": "run", "second": "reuse"}, id="D15-helper-of-one"),
        pytest.param("shared.py", {"train": "run", "second": "run"}, id="D15-helper-of-both"),
    ],
)
def test_two_models_train_by_the_code_that_each_uses(
    make_trained: MakeTrained, path: str, expected: dict[str, str]
) -> None:
    project = make_trained(TWO_MODELS)
    project.write(path, "A = 2\n")

    assert {name: entry["action"] for name, entry in project.plan().items()} == expected
