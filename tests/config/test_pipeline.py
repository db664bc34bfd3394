"""All pipeline files of a repository into one Pipeline."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from branchline.config import PipelineSource, load_pipeline
from branchline.config.pipeline import load_again
from branchline.core.pipeline import Content, OutKind, Pipeline
from branchline.errors import ConfigError, PipelineError

if TYPE_CHECKING:
    from pathlib import Path


def _write(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


def test_a_repository_without_pipeline_files_has_an_empty_pipeline(tmp_path: Path) -> None:
    pipeline = load_pipeline(str(tmp_path))

    assert pipeline == Pipeline(stages=(), folders=(".",))


def test_paths_are_seen_from_the_root_and_kept_as_spelled(tmp_path: Path) -> None:
    text = "stages: {a: {cmd: x, wdir: w, deps: [../d, /abs], params: [k], outs: [./o/]}}"

    (stage,) = load_pipeline(_write(tmp_path, {"sub/dvc.yaml": text})).stages

    assert (stage.name, stage.address, stage.wdir) == ("a", "sub/dvc.yaml:a", "sub/w")
    assert [(d.path, d.spelled, d.is_external) for d in stage.deps] == [
        ("sub/d", "../d", False), ("/abs", "/abs", True),
    ]  # fmt: skip
    assert (stage.params[0].path, stage.params[0].spelled) == ("sub/w/params.yaml", "params.yaml")
    assert (stage.outs[0].path, stage.outs[0].spelled) == ("sub/w/o", "./o/")


def test_absolute_paths_inside_the_repository_are_recognised(tmp_path: Path) -> None:
    text = f"stages: {{a: {{cmd: x, deps: ['{tmp_path}/d']}}}}"

    (stage,) = load_pipeline(_write(tmp_path, {"dvc.yaml": text})).stages

    assert (stage.deps[0].path, stage.deps[0].is_external) == ("d", False)


def test_stages_come_in_order_of_declaration_root_first(tmp_path: Path) -> None:
    files = {
        "b/dvc.yaml": "stages: {z: {cmd: x}, y: {cmd: x}}",
        "a/dvc.yaml": "stages: {w: {cmd: x}}",
        "dvc.yaml": "stages: {r: {cmd: x}}",
    }
    pipeline = load_pipeline(_write(tmp_path, files))

    assert [s.address for s in pipeline.stages] == [
        "r",
        "a/dvc.yaml:w",
        "b/dvc.yaml:z",
        "b/dvc.yaml:y",
    ]


def test_flags_of_outputs(tmp_path: Path) -> None:
    text = """\
stages:
  a:
    cmd: [x, y]
    outs: [o: {persist: true, push: false, remote: r}, o: {cache: false}]
    metrics: [m.json]
    plots: [p.csv: {x: a, template: t}]
    params: [a, other.toml: [b], c, {whole.yaml: }]
    desc: what it does
"""
    (stage,) = load_pipeline(_write(tmp_path, {"dvc.yaml": text})).stages

    out, metric, plot = stage.outs
    assert (out.persist, out.push, out.remote, out.cache) == (True, False, "r", False)
    assert (metric.kind, plot.kind) == (OutKind.METRIC, OutKind.PLOT)
    assert plot.plot == {"x": "a", "template": "t"}
    assert [(p.path, p.keys) for p in stage.params] == [
        ("params.yaml", ("a", "c")), ("other.toml", ("b",)), ("whole.yaml", None),
    ]  # fmt: skip
    assert (stage.cmd, stage.cmd_is_list, stage.desc) == (("x", "y"), True, "what it does")


def test_a_command_of_several_lines_stays_one_text(tmp_path: Path) -> None:
    text = "stages:\n  a:\n    cmd: |\n      cd x\n      ls\n"

    (stage,) = load_pipeline(_write(tmp_path, {"dvc.yaml": text})).stages

    assert (stage.cmd, stage.cmd_is_list) == (("cd x\nls\n",), False)


def test_pointers(tmp_path: Path) -> None:
    files = {
        "data/raw.dvc": "outs:\n- {md5: 0123456789abcdef0123456789abcdef.dir, size: 5, nfiles: 2,"
        " hash: md5, path: raw}\n",
        "old.dvc": "outs: [{md5: aa23456789abcdef0123456789abcdef, path: old.csv, cache: false}]",
        "i.dvc": "frozen: true\ndeps: [{path: x, repo: {url: u}}]\nouts: [{path: i}]\n",
    }
    pipeline = load_pipeline(_write(tmp_path, files))

    by_path = {pointer.path: pointer for pointer in pipeline.pointers}
    assert by_path["data/raw"].content == Content(
        md5="0123456789abcdef0123456789abcdef.dir", size_bytes=5, nfiles=2
    )
    assert (by_path["old.csv"].content.legacy, by_path["old.csv"].cache) == (True, False)
    assert (by_path["i"].is_import, by_path["i"].frozen, by_path["i"].content.md5) == (
        True,
        True,
        None,
    )


def test_top_level_files(tmp_path: Path) -> None:
    text = """\
vars: [{m: out}]
metrics: ['${m}/m.json']
params: [extra.yaml]
plots: [p.csv, roc: {x: fpr, y: {roc.csv: tpr}}]
artifacts: {model: {path: m.pkl, type: model}}
"""
    pipeline = load_pipeline(_write(tmp_path, {"sub/dvc.yaml": text}))

    assert pipeline.metrics == ("sub/out/m.json",)
    assert pipeline.params == ("sub/extra.yaml",)
    assert [plot["id"] for plot in pipeline.plots] == ["p.csv", "roc"]
    assert pipeline.plots[1]["folder"] == "sub"


def test_files_and_folders_that_make_the_value_stale_are_named(tmp_path: Path) -> None:
    files = {
        "dvc.yaml": "vars: [v.json]\nstages: {a: {cmd: '${x}', outs: [out]}}",
        "v.json": '{"x": "y"}',
        "sub/.dvcignore": "deep\n",
        "sub/deep/dvc.yaml": "stages: {no: {cmd: x}}",
        "out/dvc.yaml": "stages: {no: {cmd: x}}",
    }
    pipeline = load_pipeline(_write(tmp_path, files))

    assert [stage.name for stage in pipeline.stages] == ["a"]
    assert sorted(pipeline.files) == [
        ".dvc/config", ".dvc/config.local", "dvc.yaml", "params.yaml", "sub/.dvcignore", "v.json",
    ]  # fmt: skip
    assert pipeline.folders == (".", "sub")


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(".git/dvc.yaml", id="git's-own-folder"),
        pytest.param(".branchline/tmp/dvc.yaml", id="our-own-folder"),
        pytest.param("env/lib/dvc.yaml", id="a-virtual-environment"),
        pytest.param("other/dvc.yaml", id="a-repository-of-its-own"),
        pytest.param("ignored/dvc.yaml", id="a-folder-that-git-ignores"),
        pytest.param("skip/dvc.yaml", id="a-folder-that-dvcignore-names"),
        pytest.param("link/dvc.yaml", id="a-linked-folder"),
    ],
)
def test_where_no_pipeline_is_looked_for(tmp_path: Path, place: str) -> None:
    root = tmp_path / "repo"
    files = {
        ".gitignore": "/ignored\n",
        ".dvcignore": "skip/\n",
        "env/pyvenv.cfg": "",
        "other/.dvc/config": "",
    }
    _write(root, files)
    if place.startswith("link"):
        _write(tmp_path, {"elsewhere/dvc.yaml": "stages: {a: {cmd: x}}"})
        (root / "link").symlink_to(tmp_path / "elsewhere")
    else:
        _write(root, {place: "stages: {a: {cmd: x}}"})

    assert load_pipeline(str(root)).stages == ()


def test_a_named_file_brings_its_stages_and_what_they_need(tmp_path: Path) -> None:
    files = {
        "dvc.yaml": "stages: {base: {cmd: x, outs: [b]}, other: {cmd: x, outs: [c]}}",
        "m/dvc.yaml": "stages: {fit: {cmd: x, deps: [../b], outs: [m]}}",
    }
    root = _write(tmp_path, files)

    pipeline = load_pipeline(root, PipelineSource(file="m/dvc.yaml"))

    assert [stage.name for stage in pipeline.stages] == ["base", "fit"]


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"nope/dvc.yaml does not exist"):
        load_pipeline(str(tmp_path), PipelineSource(file="nope/dvc.yaml"))


def test_files_can_come_from_elsewhere_than_the_disk() -> None:
    files = {"dvc.yaml": b"stages: {a: {cmd: 'x ${n}'}}", "params.yaml": b"n: 1e-3\n"}

    pipeline = load_pipeline("", read=files.get, names=lambda _: [(name, False) for name in files])

    assert pipeline.stages[0].cmd == ("x 0.001",)


def test_parsing_options_come_from_dvcs_configuration(tmp_path: Path) -> None:
    files = {
        ".dvc/config": "[core]\n    bool = x\n['parsing']\n    list = append\n",
        ".dvc/config.local": "[parsing]\n    bool = boolean_optional\n",
        "dvc.yaml": "vars: [{o: {flag: false, n: [1, 2]}}]\nstages: {a: {cmd: 'x ${o}'}}",
    }
    (stage,) = load_pipeline(_write(tmp_path, files)).stages

    assert stage.cmd == ("x --no-flag --n 1 --n 2",)


def test_a_pipeline_file_inside_an_output_is_refused(tmp_path: Path) -> None:
    files = {
        "a/dvc.yaml": "stages: {a: {cmd: x, outs: [../b]}}",
        "b/x.dvc": "outs: [{path: x}]",
        "c/dvc.yaml": "stages: {c: {cmd: x, outs: [../a]}}",
    }
    with pytest.raises(PipelineError) as caught:
        load_pipeline(_write(tmp_path, files))

    text = "\n".join((caught.value.message, *caught.value.details))
    assert "a/dvc.yaml lies inside a, an output of stage `c`; move it" in text


def test_problems_of_several_files_are_said_together(tmp_path: Path) -> None:
    files = {
        "dvc.yaml": "stages: {a: {cmd: 1}}",
        "s/dvc.yaml": "stages:\n  b: {cmd: x\n",
        "x.dvc": "outs: 3",
    }
    with pytest.raises(PipelineError) as caught:
        load_pipeline(_write(tmp_path, files))

    assert [line.split(":")[0] for line in caught.value.details] == [
        "dvc.yaml",
        "x.dvc",
        "s/dvc.yaml",
    ]


def test_200_stages_are_read_within_a_few_interpreter_starts(tmp_path: Path) -> None:
    """CPU is counted against `import yaml`, measured in turn: other work slows both."""
    entries = "".join(
        f"  s{i}:\n    cmd: cp d{i} d{i + 1}\n    deps: [d{i}]\n    outs:\n    - d{i + 1}\n"
        for i in range(200)
    )
    root = _write(tmp_path, {"dvc.yaml": f"stages:\n{entries}"})
    code = (
        "import time; t = time.process_time(); import yaml; u = time.process_time();"
        "from branchline.config.pipeline import load_pipeline as load;"
        f"v = time.process_time(); n = len(load({root!r}).stages); w = time.process_time();"
        "print(n, u - t, w - v)"
    )
    ratios = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        count, base, load = done.stdout.split()
        assert count == "200"
        ratios.append(float(load) / float(base))

    # Measured 1.0 to 1.6 with byte-compiled files; a quadratic step gives 20 and more.
    assert min(ratios) < 5


CHAIN = "stages: {a: {cmd: x, deps: [d], outs: [o, made]}}"


@pytest.mark.parametrize(
    ("files", "folders", "is_same"),
    [
        ({}, (), True),
        ({"o": "made", "dvc.lock": "", "log.txt": ""}, ("made", ".branchline"), True),
        ({"dvc.yaml": CHAIN.replace("cmd: x", "cmd: y")}, (), False),
        ({"sub/dvc.yaml": CHAIN}, (), False),
        ({"data.dvc": "outs: [{path: data}]"}, (), False),
        ({".dvcignore": "sub\n"}, (), False),
        ({".gitignore": "/o\n"}, (), False),
        ({".dvc/config": "[parsing]\n    bool = boolean_optional\n"}, (), False),
        ({}, ("elsewhere",), False),
    ],
)
def test_a_pipeline_is_taken_over_while_its_files_stand(
    tmp_path: Path, files: dict[str, str], folders: tuple[str, ...], *, is_same: bool
) -> None:
    root = _write(tmp_path, {"dvc.yaml": CHAIN + "\nvars: [{a: 1}]", "d": "1"})
    before = load_again(root, PipelineSource())
    _write(tmp_path, files)
    for folder in folders:
        (tmp_path / folder).mkdir()

    after = load_again(root, PipelineSource(), before)

    assert (after is before) is is_same
    assert after.pipeline == load_pipeline(root)


def test_a_pipeline_of_another_source_is_read_anew(tmp_path: Path) -> None:
    root = _write(tmp_path, {"dvc.yaml": CHAIN, "sub/dvc.yaml": CHAIN})
    before = load_again(root, PipelineSource())

    after = load_again(root, PipelineSource(file="sub/dvc.yaml"), before)

    assert [stage.address for stage in after.pipeline.stages] == ["sub/dvc.yaml:a"]


def test_a_link_out_of_the_repository_is_refused_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password: hunter2\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "dvc.yaml").symlink_to("../secret")

    with pytest.raises(ConfigError, match=r"dvc\.yaml is a link that leads out") as caught:
        load_pipeline(str(root))

    assert "hunter2" not in str(caught.value)


def test_a_link_within_the_repository_is_read(tmp_path: Path) -> None:
    _write(tmp_path, {"common/stages": "stages: {a: {cmd: x}}"})
    (tmp_path / "dvc.yaml").symlink_to("common/stages")

    (stage,) = load_pipeline(str(tmp_path)).stages

    assert stage.name == "a"
