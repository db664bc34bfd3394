"""The inputs of a stage: what counts, by what, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.changes.values import Input, InputKind
from branchline.core.policy import ChangeRules, Environment, Trace
from branchline.errors import CodeError, MissingInputError
from branchline.flows.inputs import leaves_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.core.values import JsonValue

    Make = Callable[[Mapping[str, str]], Bench]

STAGE = "stages:\n  fit: {cmd: python fit.py, outs: [model]%s}\n"


def inputs_of(bench: Bench, stage: str = "fit") -> dict[str, Input]:
    return {item.name: item for item in bench.of(stage).inputs}


def with_stage(more: str = "", **files: str) -> dict[str, str]:
    named = {name.replace("__", "/").replace("_py", ".py"): text for name, text in files.items()}
    return {"dvc.yaml": STAGE % more, "fit.py": "x = 1\n"} | named


def key_after(bench: Bench, path: str, text: str) -> bool:
    """Whether the key stays when a file is written."""
    before = bench.of("fit").key
    bench.write(path, text)
    return bench.of("fit").key == before


def test_a_bare_script_has_its_command_code_mode_and_surroundings(make_bench: Make) -> None:
    found = inputs_of(make_bench(with_stage()))

    assert {name: item.kind for name, item in found.items()} == {
        "": InputKind.COMMAND,
        "fit.py": InputKind.CODE,
        "fit.py (mode)": InputKind.CODE,
        "python": InputKind.ENVIRONMENT,
    }


@pytest.mark.parametrize(
    ("path", "text", "stays"),
    [
        pytest.param("fit.py", "x = 1  # one\n", True, id="a-comment"),
        pytest.param("fit.py", "x = 2\n", False, id="a-constant"),
        pytest.param("fit.py", "import more\nx = 1\n", False, id="a-new-import"),
        pytest.param("more.py", "y = 1\n", True, id="a-module-that-nobody-imports"),
        pytest.param("README.md", "z", True, id="a-document"),
        pytest.param("requirements.txt", "numpy\n", False, id="a-lock-file-that-appears"),
    ],
)
def test_the_key_stays_or_moves(make_bench: Make, path: str, text: str, stays: bool) -> None:
    assert key_after(make_bench(with_stage()), path, text) is stays


def test_imported_code_is_an_input_that_dvc_lock_does_not_cover(make_bench: Make) -> None:
    bench = make_bench(with_stage(", deps: [fit.py]", fit_py="import more\n", more_py="y = 1\n"))
    planner = bench.planner()
    planner.plan()

    assert planner.gathered["fit"].uncovered == ["more.py"]
    assert inputs_of(bench)["more.py"].via == "imported by fit.py"


def test_declared_code_counts_by_meaning_and_declared_data_by_bytes(make_bench: Make) -> None:
    bench = make_bench(with_stage(", deps: [fit.py, rows.csv]") | {"rows.csv": "a\n"})

    assert key_after(bench, "fit.py", "x = 1 # c\n")
    assert not key_after(bench, "rows.csv", "a \n")


def test_a_declared_folder_of_code_counts_by_meaning(make_bench: Make) -> None:
    bench = make_bench(with_stage(", deps: [pkg]", pkg__a_py="x = 1\n", pkg__b_py="y = 1\n"))

    assert key_after(bench, "pkg/a.py", "x = 1  # c\n")
    assert not key_after(bench, "pkg/c.py", "")


def test_a_folder_with_one_file_that_is_no_code_counts_each_by_its_kind(make_bench: Make) -> None:
    bench = make_bench(with_stage(", deps: [pkg]", pkg__a_py="x = 1\n") | {"pkg/t.csv": "1"})

    assert key_after(bench, "pkg/a.py", "x = 1  # c\n")
    assert not key_after(bench, "pkg/t.csv", "2")


HYDRA = "import hydra\n@hydra.main(config_path='conf', config_name='config')\ndef main(cfg): ...\n"


@pytest.mark.parametrize(
    ("fit", "path", "text", "stays"),
    [
        pytest.param(HYDRA, "conf/config.yaml", "# c\na: 1\n", True, id="a-comment"),
        pytest.param(HYDRA, "conf/config.yaml", "a: 2\n", False, id="a-value"),
        pytest.param(HYDRA, "conf/db/x.yaml", "# @package db\nb: 1\n", False, id="its-package"),
        pytest.param(HYDRA, "conf/db/y.yaml", "b: 1\n", False, id="one-more-choice"),
        pytest.param(HYDRA, "conf/labels.txt", "cat\n", False, id="one-more-file"),
        pytest.param("x = 1\n", "conf/config.yaml", "# c\na: 1\n", False, id="without-hydra"),
    ],
)
@pytest.mark.parametrize("declared", [", deps: [conf]", ""], ids=["declared", "followed"])
def test_what_hydra_composes_counts_by_its_values(
    make_bench: Make, declared: str, fit: str, path: str, text: str, stays: bool
) -> None:
    is_reached = declared or fit == HYDRA
    files = {"fit.py": fit, "conf/config.yaml": "a: 1\n", "conf/db/x.yaml": "b: 1\n"}
    bench = make_bench(with_stage(declared) | files)

    expected = stays or not is_reached or (not declared and path.endswith(".txt"))
    assert key_after(bench, path, text) is expected


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        pytest.param("lr: 1\nother: 2\n", True, id="a-key-that-is-not-tracked"),
        pytest.param("# c\nlr: 1\n", True, id="a-comment"),
        pytest.param("lr: 1.0\n", False, id="another-type"),
        pytest.param('lr: "1"\n', False, id="a-string"),
        pytest.param("lr: .nan\n", False, id="not-a-number"),
    ],
)
def test_parameters_count_one_by_one_as_values(make_bench: Make, text: str, stays: bool) -> None:
    bench = make_bench(with_stage(", params: [lr]") | {"params.yaml": "lr: 1\n"})

    assert key_after(bench, "params.yaml", text) is stays


def test_nan_is_equal_to_itself(make_bench: Make) -> None:
    bench = make_bench(with_stage(", params: [lr]") | {"params.yaml": "lr: .nan\n"})
    bench.does["fit"] = bench.writes("model", "m")
    bench.run()

    assert bench.actions() == {"fit": "reuse"}


def test_a_group_of_parameters_is_taken_apart(make_bench: Make) -> None:
    bench = make_bench(
        with_stage(", params: [train]") | {"params.yaml": "train: {a: 1, b: {c: [2]}, e: {}}\n"}
    )

    names = [n for n, i in inputs_of(bench).items() if i.kind is InputKind.PARAMETER]

    assert sorted(n for n in names if "(" not in n) == [
        "params.yaml:train.a",
        "params.yaml:train.b.c",
        "params.yaml:train.e",
    ]


def test_a_missing_parameter_file_is_named_with_its_place(make_bench: Make) -> None:
    with pytest.raises(MissingInputError) as caught:
        make_bench(with_stage(", params: [lr]")).plan()

    assert caught.value.details == ("dvc.yaml:2: stage `fit`: `params.yaml`",)


def test_all_missing_inputs_are_named_at_once(make_bench: Make) -> None:
    with pytest.raises(MissingInputError) as caught:
        make_bench(with_stage(", deps: [one, two]")).plan()

    assert len(caught.value.details) == 2


def test_code_that_cannot_be_parsed_is_an_error_with_its_line(make_bench: Make) -> None:
    with pytest.raises(CodeError) as caught:
        make_bench(with_stage(fit_py="x = (\n")).plan()

    assert "fit.py" in caught.value.details[0]
    assert "line 1" in caught.value.details[0] or "fit.py:1" in caught.value.details[0]


def test_a_file_that_the_code_names_counts_if_git_tracks_it(make_bench: Make) -> None:
    files = with_stage(fit_py="open('conf/a.json')\n") | {"conf/a.json": "{}"}
    bench = make_bench(files)
    assert not key_after(bench, "conf/a.json", '{"a": 1}')

    del bench.repo.files["a" * 40, "conf/a.json"]
    planner = bench.planner()
    planner.plan()

    assert "conf/a.json" not in inputs_of(bench)
    assert planner.gathered["fit"].untracked == ["conf/a.json"]


def test_a_file_that_was_read_may_be_committed_without_running_again(make_bench: Make) -> None:
    bench = make_bench(with_stage(fit_py="open('conf/a.json')\n") | {"conf/a.json": "{}"})
    del bench.repo.files["a" * 40, "conf/a.json"]
    bench.does["fit"] = bench.writes("model", "m")
    bench.reads["fit"] = ["conf/a.json"]
    bench.run()

    bench.track("conf/a.json")

    assert bench.actions() == {"fit": "reuse"}
    bench.write("conf/a.json", "[]")
    assert bench.actions() == {"fit": "run"}


def test_outputs_that_the_code_names_are_no_inputs(make_bench: Make) -> None:
    bench = make_bench(with_stage(fit_py="open('model', 'w')\n") | {"model": "old"})

    assert "model" not in inputs_of(bench)


def test_what_another_stage_makes_is_waited_for(diamond: Bench) -> None:
    planned = {entry.stage: entry for entry in diamond.plan().stages}

    assert planned["b"].key is None
    assert planned["b"].after == ("a",)
    assert next(i for i in planned["b"].inputs if i.name == "a.out").pending == "a"


def test_data_that_are_elsewhere_count_as_dvc_lock_last_saw_them(make_bench: Make) -> None:
    bench = make_bench(with_stage(", deps: [data.csv]") | {"data.csv": "1"})
    bench.does["fit"] = bench.writes("model", "m")
    bench.repo.ignored = ["data.csv"]
    bench.run()
    del bench.files["data.csv"]
    del bench.repo.files["a" * 40, "data.csv"]

    assert bench.actions() == {"fit": "reuse"}


def test_a_tracked_file_that_was_deleted_is_an_error(make_bench: Make) -> None:
    bench = make_bench(with_stage(", deps: [data.csv]") | {"data.csv": "1"})
    bench.does["fit"] = bench.writes("model", "m")
    bench.run()
    del bench.files["data.csv"]

    with pytest.raises(MissingInputError):
        bench.plan()


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        pytest.param(None, None, True, id="unset-twice"),
        pytest.param(None, "", False, id="unset-is-not-empty"),
        pytest.param("1", "2", False, id="another-value"),
    ],
)
def test_declared_variables_count(
    make_bench: Make, before: str | None, after: str | None, stays: bool
) -> None:
    bench = make_bench(with_stage())
    bench.allow(environment=Environment(variables=("SEED",)))
    bench.machine.environ = {} if before is None else {"SEED": before}
    first = bench.of("fit").key
    bench.machine.environ = {} if after is None else {"SEED": after}

    assert (bench.of("fit").key == first) is stays


def test_the_value_of_a_variable_is_nowhere_in_the_plan(make_bench: Make) -> None:
    bench = make_bench(with_stage())
    bench.allow(environment=Environment(variables=("TOKEN",)))
    bench.machine.environ = {"TOKEN": "hunter2"}

    assert "hunter2" not in repr(bench.plan())


def test_another_python_moves_every_key(make_bench: Make) -> None:
    bench = make_bench(with_stage())
    first = bench.of("fit").key
    bench.machine.python = "3.12"

    assert bench.of("fit").key != first


def test_included_requirement_files_count(make_bench: Make) -> None:
    bench = make_bench(
        with_stage() | {"requirements.txt": "-r env/base.txt\n", "env/base.txt": "numpy==1\n"}
    )

    assert not key_after(bench, "env/base.txt", "numpy==2\n")


def test_requirement_files_that_include_each_other_end(make_bench: Make) -> None:
    bench = make_bench(
        with_stage() | {"requirements.txt": "-r b.txt\n", "b.txt": "-r requirements.txt\n"}
    )

    planner = bench.planner()

    assert set(planner.inputs.surroundings.lock_files()) == {"requirements.txt", "b.txt"}


def test_a_resolved_lock_counts_before_a_list_of_wishes(make_bench: Make) -> None:
    bench = make_bench(with_stage() | {"requirements.txt": "numpy\n", "uv.lock": "version = 1\n"})

    assert bench.planner().inputs.surroundings.lock_files() == ("uv.lock",)


def test_ignored_code_does_not_count(make_bench: Make) -> None:
    bench = make_bench(with_stage(fit_py="import more\n", more_py="y = 1\n"))
    bench.allow(changes=ChangeRules(ignore=("more.py",), trace=Trace.OFF))

    assert key_after(bench, "more.py", "y = 2\n")


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="."), max_size=4), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(exclude_characters="."), max_size=4), trees))
def test_leaves_hold_all_of_the_values_and_each_once(values: dict[str, JsonValue]) -> None:
    leaves = list(leaves_of(values))

    names = [name for name, _ in leaves]
    assert len(names) == len(set(names))
    assert not any(isinstance(leaf, dict) and leaf for _, leaf in leaves)
    rebuilt: dict[str, object] = {}
    for name, leaf in leaves:
        *folders, last = name.split(".")
        place = rebuilt
        for folder in folders:
            place = place.setdefault(folder, {})  # type: ignore[assignment] # made a line before
        place[last] = leaf
    assert repr(rebuilt) == repr(values)
