"""Scripts that change what a fork relies on: it does what a new Python does, all the same."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.adapters.local_process.places import Place, assert_same

if TYPE_CHECKING:
    from pathlib import Path

CHILD_ENDS = """
import json, os, sys, time
if not os.fork():
    sys.exit()
os.wait()
time.sleep(0.3)
print("the parent goes on")
open("made", "w").write("x")
sys.exit(3)
"""
SAME_NUMBERS = """
import json, os
os.closerange(3, 1000)
for number in range(30):
    os.write(os.open(f"made{number}", os.O_WRONLY | os.O_CREAT), b"data")
"""
FINALISED = """
import json, os, signal
import helper
class Writer:
    def __init__(self, name): self.name = name
    def __del__(self): print(self.name, json.dumps([1]), os.getcwd() is None)
_private, public, __both = Writer("private"), Writer("public"), Writer("both")
there = helper.Writer()
signal.signal(signal.SIGTERM, lambda *_: public)
"""
FINALISED_THERE = """
import csv
class Writer:
    def __del__(self): print("of a helper", csv.QUOTE_ALL)
"""
LEFT_OPEN = """
import gzip, json
def reads(): return text
text = open("text", "w")
text.write("kept")
packed = gzip.GzipFile("packed", "w", mtime=0)
packed.write(b"kept")
class Log:
    def __init__(self):
        self.itself, self.file = self, open("log", "w")
        self.file.write("kept")
log = Log()
"""
THREAD = """
import json, threading, time
def step(): return 1
def work():
    while True:
        step()
        time.sleep(0.00005)
for _ in range(8):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.1)
many = [[number] for number in range(300_000)]  # which take a while to be let go of
print("ends")
"""
LAZY = """
import json, sys, types
class Lazy(types.ModuleType):
    def __getattribute__(self, name): raise ImportError(name)
sys.modules["lazy"] = Lazy("lazy")
"""
REPLACED = """
import builtins, json, os
for module, name in ((os, "write"), (os, "_exit"), (os, "getpid"), (os, "listdir"), (os, "fork")):
    setattr(module, name, None)
del builtins.open
"""
BUFFERED = """
import atexit, json, os, sys, threading, time
def late():
    time.sleep(0.1)
    os.write(1, b"of a thread")
threading.Thread(target=late).start()
atexit.register(os._exit, 5)
sys.stdout.write("out")
sys.stderr.write("err")
"""
BROKEN = """
import json, sys
class Broken:
    def write(self, text): sys.__stdout__.write(text)
    def flush(self): raise OSError("no space")
sys.stdout = Broken()
print("said")
"""
SCRIPTS = [
    pytest.param({"train.py": CHILD_ENDS}, id="a-child-that-ends-first"),
    pytest.param({"train.py": SAME_NUMBERS}, id="files-in-place-of-ours"),
    pytest.param({"train.py": "import json, os\nos.closerange(0, 99)"}, id="nothing-is-open"),
    pytest.param({"train.py": "import json, sys\nsys.exit(0.0)"}, id="exit-with-a-float"),
    pytest.param({"train.py": "import json, sys\nsys.exit(False)"}, id="exit-with-false"),
    pytest.param({"train.py": "import json, sys\nsys.exit(256)"}, id="exit-256"),
    pytest.param(
        {"train.py": FINALISED, "helper.py": FINALISED_THERE}, id="names-of-what-is-finalised"
    ),
    pytest.param({"train.py": LEFT_OPEN}, id="files-that-are-left-open"),
    pytest.param({"train.py": THREAD}, id="a-thread-that-nobody-waits-for"),
    pytest.param({"train.py": LAZY}, id="a-module-that-raises"),
    pytest.param({"train.py": "import json, sys\nsys.modules.clear()"}, id="no-modules"),
    pytest.param({"train.py": REPLACED}, id="functions-that-are-replaced"),
    pytest.param({"train.py": BROKEN}, id="output-that-cannot-be-written"),
]


@pytest.mark.parametrize("files", SCRIPTS)
def test_it_does_what_a_new_python_does(place: Place, files: dict[str, str]) -> None:
    place.write(files)

    assert_same(place, "train.py")


def test_what_was_printed_is_written_when_the_script_ends(place: Place) -> None:
    place.env["PYTHONUNBUFFERED"] = ""
    place.write({"train.py": BUFFERED})

    assert_same(place, "train.py")


def test_a_library_that_keeps_the_main_module_finds_the_script_in_it(place: Place) -> None:
    place.install({"keeping.py": "import __main__ as kept\n"})
    place.write({"train.py": "import keeping\nVALUE = 3\nprint(keeping.kept.VALUE)"})

    assert_same(place, "train.py")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("warnings.filterwarnings('ignore')", id="none"),
        pytest.param("warnings.simplefilter(action='ignore', category=FutureWarning)", id="a-kind"),
        pytest.param("warnings.simplefilter('ignore', UserWarning)", id="another-kind"),
        pytest.param("import helper", id="none-says-a-helper"),
    ],
)
def test_a_library_warns_where_the_script_lets_it(place: Place, said: str) -> None:
    place.install({"warning.py": "import warnings\nwarnings.warn('old', FutureWarning)\n"})
    place.write(
        {
            "train.py": f"import warnings\n{said}\nimport warning, json",
            "helper.py": "from warnings import simplefilter\nsimplefilter('ignore')",
        }
    )

    assert_same(place, "train.py")


SETS = """
import os
from os import environ
def use(variables=None):
    (variables or environ)["MODE"] = "set"
"""
ASKS = """
import json
def main():
    {first}
    import by_mode
    print(by_mode.MODE)
main()
"""


@pytest.mark.parametrize(
    "first",
    [
        pytest.param("import settings; settings.use()", id="by-a-module-that-is-loaded-late"),
        pytest.param("import settings; settings.use(settings.os.environ)", id="by-a-name"),
        pytest.param("import hydra; hydra.use('by')", id="by-a-library-that-is-asked-to"),
        pytest.param("import settings; settings.environ.pop('SEEN')", id="taken-away"),
        pytest.param("import lib, csv", id="by-a-library-for-itself"),
    ],
)
def test_a_library_that_looks_at_variables_is_imported_when_they_are_set(
    place: Place, first: str
) -> None:
    place.install(
        {
            "by_mode.py": "import os\nMODE = [os.getenv(n) for n in ('MODE', 'SEEN')]\n",
            "hydra/__init__.py": "import os\ndef use(mode): os.environ.update(MODE=mode)\n",
            "lib.py": "import os\nos.environ['MODE'] = 'of lib'\n",
        }
    )
    place.write({"train.py": ASKS.format(first=first), "settings.py": SETS})

    assert_same(place, "train.py")


def test_what_was_imported_before_a_variable_was_set_is_had_ready(place: Place) -> None:
    place.write(
        {
            "train.py": """
            import json, sys
            def main():
                print("csv" in sys.modules, "decimal" in sys.modules)
                import csv
                import settings
                settings.use()
                import decimal
            main()
            """,
            "settings.py": SETS,
        }
    )

    logs = [place.run_forked("train.py")[1].split()[-2:] for _ in range(3)]

    assert logs == [["False", "False"], ["True", "False"], ["True", "False"]]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(
            "import atexit, shutil\n"
            "place = tempfile.mkdtemp()\n"
            "atexit.register(shutil.rmtree, place)",
            id="removed-by-itself",
        ),
        pytest.param(
            "kept = tempfile.TemporaryDirectory()\nplace = kept.name", id="removed-by-its-object"
        ),
    ],
)
def test_a_temporary_folder_of_a_library_is_there_for_each(
    place: Place, tmp_path: Path, made: str
) -> None:
    place.install(
        {
            "lib.py": (
                f"import os, tempfile\n{made}\nos.mkdir(place + '/sub')\n"
                "open(place + '/sub/cache', 'w').write('kept')\n"
            )
        }
    )
    (tmp_path / "tmp").mkdir()
    place.env["TMPDIR"] = str(tmp_path / "tmp")
    place.write({"train.py": "import lib\nprint(open(lib.place + '/sub/cache').read())"})

    assert_same(place, "train.py")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("made", "why"),
    [
        pytest.param("open(place + '/a', 'w').write('x' * (5 << 20))", "keeps much", id="large"),
        pytest.param("os.mkfifo(place + '/a')", "cannot be kept", id="a-pipe"),
    ],
)
def test_a_temporary_folder_that_cannot_be_kept_is_made_by_each(
    place: Place, made: str, why: str
) -> None:
    place.install(
        {
            "lib.py": (
                "import atexit, os, shutil, tempfile\nplace = tempfile.mkdtemp()\n"
                f"atexit.register(shutil.rmtree, place)\n{made}\n"
            )
        }
    )
    place.write({"train.py": "import lib\nprint(*lib.os.listdir(lib.place))"})

    made_twice = [place.run("train.py") for _ in range(2)]

    assert [(log.split()[-1], is_fork) for _, log, is_fork in made_twice] == [("a", False)] * 2
    assert why in place.remarks[0]


def test_a_library_of_the_project_does_what_it_does_at_the_end(place: Place) -> None:
    if shutil.which("cc") is None:
        reason = "needs a C compiler: `apt-get install build-essential`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    place.write(
        {
            "own.c": """
            #include <stdio.h>
            __attribute__((destructor)) void done(void) { fclose(fopen("written", "w")); }
            """,
            "train.py": "import json, ctypes\nctypes.CDLL('./own.so')",
        }
    )
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", "own.so", "own.c"], cwd=place.folder, check=True
    )

    assert_same(place, "train.py")


def test_what_it_locked_is_free_for_the_next_one(place: Place) -> None:
    """It takes the system a while to end a large process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place.write(
        {
            "train.py": f"""
            import json, fcntl, os, socket
            lock = os.open("lock", os.O_RDWR | os.O_CREAT)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            listening = socket.socket()
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", {port}))
            listening.listen()
            json.kept = bytearray(b"x" * (200 << 20)), listening
            """
        }
    )

    made = [place.run("train.py")[0].exit_code for _ in range(6)]

    assert made == [0] * 6
