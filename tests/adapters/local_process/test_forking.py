"""Starts of a script as forks: what it sees and leaves is what a new Python would see and leave."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from tests.adapters.local_process.places import Place, assert_same

from branchline.adapters.local_process import LocalExecutor, forking
from branchline.core.policy import Trace

ZYGOTE = Path(forking.__file__).parent / "zygote"

FACTS = """
import gc, os, signal, sys, threading, warnings
print(sorted(globals()), __name__, __file__, __spec__, __package__, __doc__, __annotations__)
print(type(__loader__).__name__, getattr(__loader__, "path", None), __builtins__)
print(sys.argv, sys.orig_argv, sys.path, sys.executable, sys.flags, sys.prefix, sys.warnoptions)
print(sorted((n, v) for n, v in os.environ.items() if n != "BRANCHLINE_TASK"), os.getcwd())
print(os.environ["BRANCHLINE_TASK"].encode() in open("/proc/self/environ", "rb").read())
print(os.getpid() == os.getsid(0) == os.getpgrp(), oct(os.umask(0o022)), repr(sys.stdin.read()))
print([signal.getsignal(getattr(signal, f"SIG{n}")) for n in ("INT", "TERM", "PIPE", "CHLD")])
print(signal.pthread_sigmask(signal.SIG_BLOCK, ()), warnings.filters, gc.isenabled())
for file in (sys.stdout, sys.stderr):
    print(file.name, file.mode, file.encoding, file.errors, file.line_buffering, file.write_through)
print(threading.current_thread() is threading.main_thread(), threading.active_count())
links = [os.readlink(f"/proc/self/fd/{n}") for n in (0, 1, 2)]
print(links[0], links[1] == links[2], links[1].endswith(".log"))
print(sys.modules["__main__"].__dict__ is globals(), sys.gettrace(), sys.excepthook.__name__)
"""
POOL = """
import multiprocessing, pickle
class Point:
    def __init__(self, x): self.x = x
def square(point): return Point(point.x ** 2)
if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print([p.x for p in pool.map(square, map(Point, range(5)))])
    print(pickle.loads(pickle.dumps(Point(3))).x, Point.__module__)
"""
ORDER = """
import atexit, os, sys, threading, time
atexit.register(print, "at exit")
class Loud:
    def __del__(self): print("finalised")
kept = Loud()
kept.itself = kept
class Late(threading.Thread):
    def run(self):
        time.sleep(0.1)
        print("a thread goes on")
Late().start()
left_open = open("left_open.txt", "w")
left_open.write("written at the end")
print("out", end="")
print("err", file=sys.stderr)
sys.stdout.write("no newline")
"""
OLD = """
import gc
class Loud:
    def __del__(self): print("finalised")
kept = Loud()
kept.itself = kept
for _ in range(3):
    gc.collect()
"""
ERROR = """
import json
def fails():
    try:
        json.loads("{")
    except ValueError as error:
        raise RuntimeError("because") from error
fails()
"""
SCRIPTS = [
    pytest.param({"train.py": FACTS}, "train.py a --b 3", id="what-a-script-sees"),
    pytest.param({"train.py": FACTS}, "./train.py", id="written-with-a-dot"),
    pytest.param({"sub/train.py": FACTS}, "sub/train.py", id="in-a-folder"),
    pytest.param({"train.py": POOL}, "train.py", id="pools-of-processes"),
    pytest.param({"train.py": ORDER}, "train.py", id="what-happens-at-the-end"),
    pytest.param({"train.py": OLD}, "train.py", id="old-objects-at-the-end"),
    pytest.param({"train.py": ERROR}, "train.py", id="an-error-nobody-catches"),
    pytest.param({"train.py": "import json\nprint('\\d')"}, "train.py", id="a-compiler-warns"),
    pytest.param({"train.py": "import json\nraise SystemExit(3)"}, "train.py", id="exit-code"),
    pytest.param({"train.py": "import sys\nsys.exit('diverged')"}, "train.py", id="exit-text"),
    pytest.param({"train.py": "import sys\nsys.exit(None)"}, "train.py", id="exit-none"),
    pytest.param({"train.py": "import sys\nsys.exit(-1)"}, "train.py", id="exit-minus-one"),
    pytest.param({"train.py": "import os\nos._exit(7)"}, "train.py", id="left-without-an-end"),
    pytest.param({"train.py": "raise KeyboardInterrupt"}, "train.py", id="interrupted"),
    pytest.param({"train.py": "import os\nos.abort()"}, "train.py", id="aborted"),
    pytest.param({"train.py": "import nothing_of_this_name"}, "train.py", id="nothing-to-import"),
    pytest.param(
        {"train.py": "import sys, json\nsys.excepthook = lambda *a: print('own', a)\n1 / 0"},
        "train.py",
        id="a-hook-of-its-own",
    ),
    pytest.param(
        {
            "pkg/__init__.py": "import json\nprint(__name__)",
            "pkg/mod.py": "from . import near\nfrom .deep.far import there\n" + FACTS,
            "pkg/near.py": "import csv\nhere = 1",
            "pkg/deep/__init__.py": "",
            "pkg/deep/far.py": "from .. import near\nthere = near.here\nprint(__name__)",
        },
        "-m pkg.mod x y",
        id="a-module",
    ),
    pytest.param(
        {"pkg/__init__.py": "", "pkg/mod.py": "import json\n1 / 0"},
        "-m pkg.mod",
        id="an-error-in-a-module",
    ),
    pytest.param({"pkg/__init__.py": ""}, "-m pkg", id="a-package-that-cannot-be-run"),
]


@pytest.mark.parametrize(("files", "command"), SCRIPTS)
def test_a_fork_does_what_a_new_python_does(
    place: Place, files: dict[str, str], command: str
) -> None:
    place.write(files)

    assert_same(place, command)


def test_a_python_that_is_named_by_its_path_is_forked(place: Place) -> None:
    place.write({"train.py": FACTS})
    (place.folder / "venv").symlink_to(Path(sys.executable).parent.parent)
    plain = Place(place.folder, LocalExecutor(shell="/bin/sh"), starts=100)
    cmd = {"cmd": ("venv/bin/python train.py",)}

    _, log = place.run_forked("", **cmd)
    _, expected, _ = plain.run("", **cmd)

    assert re.sub(r"0x\w+", "0x", log) == re.sub(r"0x\w+", "0x", expected)


def test_output_without_buffers_keeps_its_order(place: Place) -> None:
    place.write({"train.py": ORDER})

    ended, log = place.run_forked("train.py")

    words = ["outerr", "no newline", "a thread goes on", "at exit", "finalised"]
    assert ended.failure is None, log
    assert re.sub(r"\s+", " ", log).strip() == "$ python train.py " + " ".join(words).replace(
        "newline a", "newlinea"
    )
    assert (place.folder / "left_open.txt").read_text() == "written at the end"


def test_modules_are_there_and_those_of_the_project_are_new(place: Place) -> None:
    place.write(
        {
            "train.py": """
            import sys
            print("lazily", "csv" in sys.modules, "top", "decimal" in sys.modules)
            import decimal, helper
            def train():
                import csv
            train()
            """,
            "helper.py": "print('helper')",
        }
    )

    _, first = place.run_forked("train.py")
    _, second = place.run_forked("train.py")

    assert "lazily False top True" in first
    assert "lazily True top True" in second
    assert first.count("helper") == second.count("helper") == 1
    assert place.remarks == []


def test_random_numbers_differ(place: Place) -> None:
    pytest.importorskip("numpy")
    place.write(
        {
            "train.py": """
            import random, tempfile, uuid
            import numpy
            import numpy.random
            print(random.random(), numpy.random.random(), numpy.random.default_rng().random())
            print(uuid.uuid4(), tempfile.mktemp(), random.SystemRandom().random())
            """
        }
    )

    told = [place.run_forked("train.py")[1].split()[3:] for _ in range(3)]

    assert [len(set(numbers)) for numbers in zip(*told, strict=True)] == [3] * 6


def test_an_edit_of_a_module_of_the_project_is_seen(place: Place) -> None:
    place.write({"train.py": "import json, helper\nprint(helper.VALUE)", "helper.py": "VALUE = 1"})
    _, before = place.run_forked("train.py")

    place.write({"helper.py": "import os\nVALUE = 22", "train.py": "import helper\nprint(helper)"})
    place.write({"train.py": "import json, helper\nprint(helper.VALUE + 1)"})
    _, after = place.run_forked("train.py")

    assert before.split()[-1] == "1"
    assert after.split()[-1] == "23"


def test_a_file_that_libraries_look_at_is_seen(place: Place) -> None:
    place.install({"looking.py": "import os\nVALUE = os.path.exists('settings.ini')\n"})
    place.write({"train.py": "import looking\nprint(looking.VALUE)"})
    _, before = place.run_forked("train.py")

    place.write({"settings.ini": ""})
    _, after = place.run_forked("train.py")

    assert before.split()[-1] == "False"
    assert after.split()[-1] == "True"


def test_what_imports_say_is_said_and_set_each_time(place: Place) -> None:
    place.install(
        {
            "talking.py": (
                "import os, sys\nprint('loaded')\nprint('warned', file=sys.stderr)\n"
                "os.environ.setdefault('SET_BY_IMPORT', '1')\n"
            )
        }
    )
    place.write({"train.py": "import talking, os\nprint(os.environ['SET_BY_IMPORT'])"})

    logs = [place.run_forked("train.py")[1] for _ in range(2)]

    assert [log.split()[3:] for log in logs] == [["loaded", "warned", "1"]] * 2


@pytest.mark.parametrize("threads", [False, True], ids=["alone", "with-a-pool-that-ends"])
def test_what_an_import_warned_of_is_not_said_again(place: Place, threads: bool) -> None:
    if threads:
        pytest.importorskip("numpy")
    place.install(
        {
            "warning.py": (
                f"{'import numpy' if threads else ''}\nimport warnings\n"
                "def warn():\n    warnings.warn('said once')\nwarn()\n"
            )
        }
    )
    place.write({"train.py": "import warning\nwarning.warn()"})

    logs = [place.run_forked("train.py")[1] for _ in range(2)]

    assert [log.count("UserWarning: said once") for log in logs] == [1, 1]


def test_what_the_compiler_warns_of_is_said_once(place: Place) -> None:
    place.env["PYTHONWARNINGS"] = "default"  # it is always said from Python 3.12 on
    place.write({"train.py": "import json, own\nprint('\\d')", "own.py": "x = '\\w'"})

    logs = [place.run_forked("train.py")[1] for _ in range(3)]

    assert [log.count("invalid escape sequence") for log in logs][1:] == [1, 1], logs
    assert "<unknown>" not in logs[0]


def test_modules_that_an_installed_one_makes_are_its_own(place: Place) -> None:
    # As PyTorch does: `torch.ops`, and modules from texts and from folders that it makes.
    place.install(
        {
            "making.py": (
                "import importlib.machinery, importlib.util, sys, tempfile, types\n"
                "ops = sys.modules['making.ops'] = types.ModuleType('making.ops')\n"
                "ops.__file__ = '_ops.py'\n"
                "spec = importlib.machinery.ModuleSpec('_text', None, origin='making-git')\n"
                "sys.modules['_text'] = importlib.util.module_from_spec(spec)\n"
                "folder = tempfile.TemporaryDirectory()\n"
                "open(folder.name + '/_written.py', 'w').close()\n"
                "sys.path.append(folder.name)\n"
                "import _written\n"
            )
        }
    )
    place.write({"train.py": "import making, _written\nprint(_written.__name__)\n"})

    ended, log = place.run_forked("train.py")

    assert ended.failure is None, log
    assert log.endswith("_written\n")


def test_imports_after_a_change_of_the_environment_are_not_done_ahead(place: Place) -> None:
    place.write(
        {
            "train.py": """
            import sys, decimal
            print("first", "fractions" in sys.modules, "second", "csv" in sys.modules)
            import os, fractions
            os.environ["OMP_NUM_THREADS"] = "1"
            import csv
            """
        }
    )

    logs = [place.run_forked("train.py")[1] for _ in range(3)]

    assert [log.split()[3:] for log in logs] == [["first", "True", "second", "False"]] * 3


@pytest.mark.parametrize("folder", [".", "below"])
@pytest.mark.parametrize("trace", [Trace.AUDIT, Trace.OFF])
def test_a_fork_is_seen_to_read_what_a_new_python_reads(
    place: Place, trace: Trace, folder: str
) -> None:
    root, place.folder = place.folder, place.folder / folder
    place.write(
        {
            "train.py": """
            import json, os, subprocess, sys
            from pathlib import Path
            import helper
            from pkg.deep import thing
            open("data.txt").read()
            Path("out.txt").write_text("x")
            Path("out.txt").read_text()
            os.path.exists("absent.txt"), os.path.exists("there.txt")
            subprocess.run([sys.executable, "below.py"], check=True)
            print(os.stat is os.lstat, len(os.listdir(".")))
            """,
            "below.py": "open('more.txt').read()",
            "helper.py": "import csv",
            "pkg/__init__.py": "",
            "pkg/deep.py": "thing = open('read_at_import.txt').read()",
            **dict.fromkeys(("data.txt", "there.txt", "more.txt", "read_at_import.txt"), "x"),
        }
    )
    plain = Place(place.folder, LocalExecutor(shell="/bin/sh"), starts=100)
    fields = {"root": str(root), "trace": trace, "trace_file": f"{root}.logs/reads"}

    def seen(where: Place) -> tuple[object, ...]:
        (place.folder / "out.txt").unlink(missing_ok=True)
        task = where.task("train.py", **fields)
        is_fork = where.start(task)
        ended, log = where.end(task)
        assert ended.failure is None, log
        asked = where.executor
        found = (asked.observed(task), asked.rewritten(task), asked.looked_up(task))
        return is_fork, found, asked.trace_gaps(task)

    seen(place)
    place.run_forked("train.py", **fields)
    forked, fresh = seen(place), seen(plain)

    assert forked[0] is True
    assert fresh[0] is False
    assert forked[1:] == fresh[1:]
    if trace is Trace.AUDIT:
        assert "read_at_import.txt" in str(forked[1])


@pytest.mark.parametrize("forks", [False, True], ids=["plain", "forked"])
def test_memory_that_is_limited_fails_by_itself(place: Place, forks: bool) -> None:
    place.write(
        {
            "train.py": """
            import json
            held = []
            try:
                for _ in range(64):
                    held.append(bytearray(16 << 20))
            except MemoryError:
                held.clear()
                print("no memory")
            """
        }
    )
    where = place if forks else Place(place.folder, LocalExecutor(shell="/bin/sh"))
    where.run("train.py")  # a zygote has begun

    _, log, is_fork = where.run("train.py", memory_bytes=256 << 20)

    assert is_fork is forks
    assert log.split()[-2:] == ["no", "memory"]


def test_the_zygote_of_a_stage_that_is_done_ends(place: Place) -> None:
    place.write({"prepare.py": "import json", "train.py": "import json", "test.py": "import json"})
    place.run("prepare.py", stage="prepare")
    for _ in range(2):
        place.run("train.py")
        place.run("test.py", stage="test")
    before = place.zygotes

    place.run("train.py")

    assert len(before) == 3
    assert len(place.zygotes) == 2


@pytest.mark.parametrize("path", sorted(ZYGOTE.glob("*.py")), ids=lambda path: path.stem)
def test_the_zygote_is_written_for_old_pythons(path: Path) -> None:
    text = path.read_text()

    tree = ast.parse(text, feature_version=(3, 8))

    names = {
        node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    ours = {name for name in names if name.startswith("branchline")}
    assert names - ours <= {*sys.stdlib_module_names, *(f"collections.{n}" for n in ("abc",)),
                            "importlib.machinery", "importlib.util"}  # fmt: skip
    assert ours <= {"branchline.adapters.local_process.zygote"}, "for types only"
