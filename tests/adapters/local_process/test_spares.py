"""Forks that are made ahead: they are used, see what has changed, and leave nothing."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from tests.adapters.local_process.places import settled, spares, vanish, within

from branchline.adapters.local_process.processes import read_process

if TYPE_CHECKING:
    from tests.adapters.local_process.places import Place

SCRIPT = "import json, sys, time\nprint('did', *sys.argv[1:])\ntime.sleep(float(sys.argv[1]))"


def spare(place: Place) -> int:
    """The one fork that waits, after some starts."""
    for _ in range(3):
        place.run_forked("train.py 0")
    return settled(place)


def test_the_next_start_is_the_fork_that_waits(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    waiting = spare(place)

    task = place.task("train.py 0.2 more")
    is_fork = place.start(task)
    pid = place.executor._running["train"].pid
    ended, log = place.end(task)

    assert is_fork
    assert pid == waiting
    assert ended.failure is None
    assert log.split()[-3:] == ["did", "0.2", "more"]
    assert within(20, lambda: spares(place) - {waiting})


def test_the_first_start_already_has_the_next_one_made(place: Place) -> None:
    place.write({"train.py": SCRIPT})

    place.run_forked("train.py 0")

    assert within(20, lambda: len(spares(place)) == 1)


def test_what_is_expected_is_ready_when_it_starts_and_has_run_nothing(place: Place) -> None:
    place.write({"train.py": SCRIPT + "\nopen('ran', 'a').write('x')"})
    place.executor.expect(place.task("train.py 0"))
    expected = set(place.zygotes)
    has_run = (place.folder / "ran").exists()

    place.executor.expect(place.task("train.py 0"))
    ended, log, is_fork = place.run("train.py 0 more")

    assert not has_run
    assert len(expected) == 1
    assert place.zygotes == expected
    assert is_fork
    assert (ended.failure, log.split()[-2:]) == (None, ["0", "more"])


def test_what_is_expected_in_vain_ends_with_the_executor(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    place.executor.expect(place.task("train.py 0"))
    expected = set(place.zygotes)

    place.executor.close()

    assert expected
    assert vanish(expected)


def test_what_cannot_be_expected_yet_is_started_all_the_same(place: Place) -> None:
    """A stage before makes the folder, or the script."""
    place.executor.expect(place.task("train.py 0", cwd=f"{place.folder}/later"))
    place.executor.expect(place.task("train.py 0"))
    expected = set(place.zygotes)
    place.write({"train.py": SCRIPT})

    ended, log, is_fork = place.run("train.py 0")

    assert not expected
    assert is_fork
    assert (ended.failure, log.count("did")) == (None, 1)


def test_one_that_was_killed_is_replaced(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    os.kill(spare(place), signal.SIGKILL)

    ended, log, is_fork = place.run("train.py 0")

    assert is_fork
    assert ended.failure is None
    assert log.count("did") == 1


def test_stopping_ends_it(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    waiting = spare(place)

    place.executor.stop()

    assert vanish({waiting})


def test_the_end_of_its_zygote_ends_it(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    waiting = spare(place)
    (zygote,) = place.zygotes

    os.kill(zygote, signal.SIGKILL)

    assert vanish({waiting})


def test_it_never_runs_what_was_not_asked_for(place: Place) -> None:
    place.write({"train.py": SCRIPT + "\nopen('ran', 'a').write('x')"})

    spare(place)
    place.executor.stop()

    assert (place.folder / "ran").read_text() == "xxx"


def test_it_is_not_used_where_a_file_has_changed_since(place: Place) -> None:
    place.install(
        {"lib.py": "try:\n    VALUE = open('lib.cfg').read()\nexcept OSError:\n    VALUE = ''"}
    )
    place.write({"train.py": "import lib\nprint('value', lib.VALUE)", "lib.cfg": "one"})
    for _ in range(3):
        before = place.run_forked("train.py")[1]
    waiting = settled(place)

    place.write({"lib.cfg": "another"})
    after = place.run("train.py")[1]

    assert before.split()[-1] == "one"
    assert after.split()[-1] == "another"
    assert vanish({waiting})


@pytest.mark.parametrize("folder", [".", "stages"], ids=["the-root", "below-it"])
def test_it_is_used_where_trials_write_where_a_library_looks(place: Place, folder: str) -> None:
    place.install({"lib.py": "import os\nHERE = os.path.isdir(os.getcwd())\n"})
    place.write({f"{folder}/train.py": "import lib, os\nopen(f'made{os.getpid()}', 'w').close()"})

    made = [place.run("train.py", cwd=f"{place.folder}/{folder}") for _ in range(4)]

    assert [is_fork for _, _, is_fork in made[1:]] == [True] * 3


def test_a_script_that_was_edited_meanwhile_runs_as_it_is_now(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    spare(place)
    place.write({"train.py": SCRIPT.replace("did", "now")})

    ended, log = place.run_forked("train.py 0")

    assert ended.failure is None
    assert log.splitlines()[-1] == "now 0"


def test_what_a_script_leaves_running_is_ended(place: Place) -> None:
    place.write(
        {
            "train.py": """
            import json, os, sys, time
            if len(sys.argv) > 2 and not os.fork():
                os.setsid()
                time.sleep(60)
            """
        }
    )
    spare(place)

    ended, _, is_fork = place.run("train.py 0 leave")

    assert is_fork
    assert "background processes" in ended.detail


def test_a_thread_that_goes_on_is_waited_for(place: Place) -> None:
    place.write(
        {
            "train.py": """
            import json, threading, time
            def write():
                time.sleep(0.3)
                with open("made", "a") as file:
                    file.write("x")
            threading.Thread(target=write).start()
            """
        }
    )

    for number in range(1, 5):
        place.run_forked("train.py 0")
        assert len((place.folder / "made").read_text()) >= number


@pytest.mark.parametrize("number", range(3), ids=["first", "second", "third"])
def test_what_it_used_is_told(place: Place, number: int) -> None:
    place.write({"train.py": "import json\nx = bytearray(b'x' * (50 << 20))\nsum(range(10**6))"})

    for _ in range(number + 1):
        ended, _ = place.run_forked("train.py")

    assert ended.exit_code == 0
    assert ended.peak_memory_bytes > 50 << 20
    assert 0 < ended.cpu_s < 60


def test_no_fork_that_said_its_end_stays(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    pids = set()
    for _ in range(4):
        task = place.task("train.py 0")
        place.start(task)
        pids.add(place.executor._running["train"].pid)
        place.end(task)
    place.executor.close()  # of the last one its zygote has not been told

    assert [pid for pid in pids if read_process(pid)] == [], "not even as a zombie"


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
def test_processors_are_those_that_the_engine_may_use(place: Place) -> None:
    place.write({"train.py": "import json, os\nprint(sorted(os.sched_getaffinity(0)))"})
    allowed = str(sorted(os.sched_getaffinity(0)))

    logs = [place.run_forked("train.py")[1] for _ in range(4)]

    assert [log.splitlines()[-1] for log in logs] == [allowed] * 4
    assert str(sorted(os.sched_getaffinity(0))) == allowed


def test_a_child_that_leaves_the_script_at_its_end_does_not_end_the_start(place: Place) -> None:
    place.write(
        {
            "train.py": """
            import json, os, time
            if os.fork():
                time.sleep(0.3)
                open("made", "a").write("x")
            """
        }
    )

    for number in range(1, 4):
        ended, _ = place.run_forked("train.py")
        assert ended.failure is None
        assert (place.folder / "made").read_text() == "x" * number


def test_files_of_a_script_that_closed_all_others_hold_what_it_wrote(place: Place) -> None:
    place.write(
        {
            "train.py": """
            import json, os
            os.closerange(3, 100)
            kept = [open(f"out{number}", "wb", buffering=0) for number in range(9)]
            import csv, decimal
            """
        }
    )

    for _ in range(3):
        ended, _ = place.run_forked("train.py")
        assert ended.failure is None
        assert {path.read_bytes() for path in place.folder.glob("out*")} == {b""}


def test_it_works_in_a_folder_that_was_made_anew_meanwhile(place: Place) -> None:
    folder = place.folder / "made"
    place.write({"train.py": SCRIPT + "\nprint(open('new').read())", "made/new": "0"})
    for _ in range(2):
        place.run_forked("../train.py 0", cwd=str(folder))
    settled(place)

    shutil.rmtree(folder)
    place.write({"made/new": "1"})
    ended, log, is_fork = place.run("../train.py 0", cwd=str(folder))

    assert is_fork
    assert ended.failure is None
    assert log.split()[-1] == "1"


@pytest.mark.parametrize("cwd", ["made", "."], ids=["its-working-folder", "its-own-folder"])
def test_what_is_written_beside_a_script_makes_nothing_stale(place: Place, cwd: str) -> None:
    place.write({"made/train.py": SCRIPT})
    command = f"{'.' if cwd == 'made' else 'made'}/train.py 0"
    folder = str(place.folder / cwd)
    place.run_forked(command, cwd=folder)
    settled(place)

    place.write({"made/result": "1"})
    _, _, is_fork = place.run(command, cwd=folder)

    assert is_fork


@pytest.mark.parametrize("file", ["train.py", "own.py"], ids=["the-script", "a-module-of-it"])
def test_a_setting_that_came_before_an_import_counts_for_it(place: Place, file: str) -> None:
    place.install({"lib.py": "import os\nVALUE = os.environ.get('SET_MEANWHILE', 'unset')"})
    text = "import os\nimport lib\n"
    place.write({"train.py": "import own\nimport lib\nprint(lib.VALUE)", "own.py": ""})
    place.write({file: text + ("import own\nprint(lib.VALUE)" if file == "train.py" else "")})
    before = place.run_forked("train.py")[1]
    settled(place)

    edited = (place.folder / file).read_text()
    place.write({file: edited.replace("os\n", "os\nos.environ['SET_MEANWHILE'] = 'set'\n", 1)})
    after = [place.run("train.py")[1] for _ in range(2)]

    assert before.split()[-1] == "unset"
    assert [log.split()[-1] for log in after] == ["set", "set"]


def test_an_edit_that_imports_the_same_makes_nothing_stale(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    spare(place)
    place.write({"train.py": SCRIPT.replace("did", "now") + "\nx = 1"})

    _, log, is_fork = place.run("train.py 0")

    assert is_fork
    assert log.splitlines()[-1] == "now 0"
