"""Shell commands and what they start."""

from __future__ import annotations

import pytest

from branchline.core.changes.entries import EntryKind, entries_of


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python train.py --lr 0.1", [(EntryKind.SCRIPT, "train.py")]),
        ("python3.11 -u -W ignore src/train.py", [(EntryKind.SCRIPT, "src/train.py")]),
        ("python -m pkg.train --x", [(EntryKind.MODULE, "pkg.train")]),
        ("python -mpkg.train", [(EntryKind.MODULE, "pkg.train")]),
        ("python -c 'import a'", [(EntryKind.CODE, "import a")]),
        ("A=b python train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("env A=b python train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("uv run train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("uv run --with x python train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("poetry run python -m a.b", [(EntryKind.MODULE, "a.b")]),
        ("poetry run train", [(EntryKind.PROGRAM, "train")]),
        ("conda run -n env python train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("accelerate launch --num_processes 2 train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("torchrun --nproc_per_node=2 train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("torchrun --nproc_per_node 2 -m pkg.train", [(EntryKind.MODULE, "pkg.train")]),
        ("deepspeed --num_gpus=1 train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("mpirun -np 4 python train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("timeout 60 nice -n 5 python train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("coverage run --branch train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("papermill in.ipynb out.ipynb -p a 1", [(EntryKind.NOTEBOOK, "in.ipynb")]),
        ("jupyter nbconvert --to html --execute a.ipynb", [(EntryKind.NOTEBOOK, "a.ipynb")]),
        (
            "jupyter nbconvert --execute a.ipynb --output out.ipynb",
            [(EntryKind.NOTEBOOK, "a.ipynb")],
        ),
        ("./run.sh", [(EntryKind.SHELL, "run.sh")]),
        ("./train.py", [(EntryKind.SCRIPT, "train.py")]),
        ("./bin/train", [(EntryKind.SHELL, "bin/train")]),
        ("bash -e run.sh 1", [(EntryKind.SHELL, "run.sh")]),
        (
            "bash -c 'python a.py && python b.py'",
            [(EntryKind.SCRIPT, "a.py"), (EntryKind.SCRIPT, "b.py")],
        ),
        (
            "source setup.sh && python a.py",
            [(EntryKind.SHELL, "setup.sh"), (EntryKind.SCRIPT, "a.py")],
        ),
        ("make -C sub train", [(EntryKind.MAKEFILE, "sub/Makefile")]),
        ("make -f other.mk", [(EntryKind.MAKEFILE, "other.mk")]),
        ("pytest -q tests/unit", [(EntryKind.TESTS, "tests/unit")]),
        ("cd sub && python train.py", [(EntryKind.SCRIPT, "sub/train.py")]),
        (
            "(cd sub; python a.py); python b.py",
            [(EntryKind.SCRIPT, "sub/a.py"), (EntryKind.SCRIPT, "b.py")],
        ),
        (
            "python a.py | python b.py > out 2>&1",
            [(EntryKind.SCRIPT, "a.py"), (EntryKind.SCRIPT, "b.py")],
        ),
        (
            "python a.py || python b.py; python c.py",
            [(EntryKind.SCRIPT, p) for p in ("a.py", "b.py", "c.py")],
        ),
        ("python 'my script.py'", [(EntryKind.SCRIPT, "my script.py")]),
        ("python a.py \\\n  --x 1", [(EntryKind.SCRIPT, "a.py")]),
        ("python a.py # python b.py", [(EntryKind.SCRIPT, "a.py")]),
        ("P=src; python $P/a.py", [(EntryKind.SCRIPT, "src/a.py")]),
        ("X=$(python a.py) python b.py", [(EntryKind.SCRIPT, "a.py"), (EntryKind.SCRIPT, "b.py")]),
        (
            "if true; then python a.py; fi",
            [(EntryKind.PROGRAM, "true"), (EntryKind.SCRIPT, "a.py")],
        ),
        ("python - < a.py", [(EntryKind.SCRIPT, "a.py")]),
        ("python <<EOF\npython x.py\nEOF\npython y.py", [(EntryKind.SCRIPT, "y.py")]),
        ("Rscript fit.R", [(EntryKind.FILE, "fit.R")]),
        ("cp a b", [(EntryKind.PROGRAM, "cp")]),
        ("python ../outside.py", []),
        ("python /abs/a.py", []),
        ("python $UNKNOWN", []),
        ("", []),
    ],
)
def test_what_a_command_starts(command: str, expected: list[tuple[EntryKind, str]]) -> None:
    found = entries_of(command, ".")

    assert [(entry.kind, entry.path or entry.module or entry.text) for entry in found] == expected


def test_import_roots_and_folders_are_told() -> None:
    (entry,) = entries_of("cd sub && PYTHONPATH=src:../lib python -m a", ".")

    assert entry.cwd == "sub"
    assert entry.roots == ("sub/src", "lib")


def test_an_exported_root_holds_for_what_follows() -> None:
    (entry,) = entries_of("export PYTHONPATH=src\npython -m a", "work")

    assert entry.roots == ("work/src",)


def test_a_file_that_is_executed_itself_is_direct() -> None:
    assert entries_of("./train.py", ".")[0].is_direct
    assert not entries_of("python train.py", ".")[0].is_direct


@pytest.mark.parametrize(
    "text", ["'", '"', "$(", "${", "`", "((", "<<", "\\", "a='", ")", "python <<E\n"]
)
def test_broken_shell_never_raises_nor_hangs(text: str) -> None:
    assert entries_of(text + "\npython a.py", ".") is not None
