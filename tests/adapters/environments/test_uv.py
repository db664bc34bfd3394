"""Versions as of a day, private and broken indexes, concurrent and killed makers; with real uv."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.package_index import PackageIndex, package_index

from branchline.adapters.environments import LockEnvironments
from branchline.adapters.environments.interpreters import find_interpreters
from branchline.adapters.environments.uv import find_uv
from branchline.core.environment.pins import index_of, packages_of
from branchline.core.environment.plain import plain_of
from branchline.core.environment.values import Asked, Resolved
from branchline.errors import EnvironmentFailedError, MissingToolError
from branchline.ports.environments import Made, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

OLD, NEW = "2020-02-01", "2024-02-01"


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    with package_index() as served:
        served.wheel("tiny", "1.0", OLD, needs=("small>=1",))
        served.wheel("tiny", "2.0", NEW, needs=("small>=1",))
        served.wheel("small", "1.0", OLD)
        served.wheel("small", "1.5", NEW)
        yield served


def environ(tmp_path: Path, url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "UV_DEFAULT_INDEX": url,
        "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
        "UV_HTTP_RETRIES": "0",
    }


def environments(tmp_path: Path, url: str) -> LockEnvironments:
    return LockEnvironments(
        str(tmp_path / "env"),
        python=sys.executable,
        environ=environ(tmp_path, url),
        uv=find_uv(os.environ),
    )


def asked(tmp_path: Path, text: str, *, as_of: str = "", **more: object) -> Asked:
    (tmp_path / "requirements.txt").write_text(text)
    version = "{}.{}.{}".format(*sys.version_info[:3])
    made = Asked(
        root=str(tmp_path),
        file="requirements.txt",
        sources=("requirements.txt",),
        python=sys.executable,
        python_version=version,
        as_of=f"{as_of}T23:59:59Z" if as_of else "",
        state=text,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def resolve(adapter: LockEnvironments, question: Asked) -> Resolved:
    found = adapter.resolve(question, is_stopped=lambda: False, say=lambda _: None)
    assert found is not None
    return found


def versions(found: Resolved) -> dict[str, str]:
    return {package.name: package.version for package in found.packages}


def wanted(found: Resolved, question: Asked) -> Wanted:
    return Wanted(
        digest=found.digest,
        root=question.root,
        file=question.file,
        text=found.text,
        is_whole=True,
        python=question.python,
        as_of=question.as_of,
        index=question.index,
    )


def says(made: Made | None, code: str) -> str:
    assert made is not None
    words = [os.path.join(made.programs, "python"), "-c", code]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def test_open_versions_are_those_of_the_day(tmp_path: Path, index: PackageIndex) -> None:
    adapter = environments(tmp_path, index.url)

    then = resolve(adapter, asked(tmp_path, "tiny\n", as_of="2021-05-03"))
    now = resolve(adapter, asked(tmp_path, "tiny\n"))

    assert versions(then) == {"tiny": "1.0", "small": "1.0"}
    assert versions(now) == {"tiny": "2.0", "small": "1.5"}
    assert then.digest != now.digest


def test_what_was_found_is_not_looked_for_again_and_needs_no_index(
    tmp_path: Path, index: PackageIndex
) -> None:
    adapter = environments(tmp_path, index.url)
    question = asked(tmp_path, "tiny\n", as_of="2021-05-03")
    first = resolve(adapter, question)
    index.asked.clear()

    again = resolve(
        LockEnvironments(
            str(tmp_path / "env"), python=sys.executable, environ=environ(tmp_path, index.url)
        ),
        question,
    )

    assert again == first
    assert index.asked == []


def test_a_set_is_installed_by_its_digests(tmp_path: Path, index: PackageIndex) -> None:
    adapter = environments(tmp_path, index.url)
    question = asked(tmp_path, "tiny\n", as_of="2021-05-03")
    found = resolve(adapter, question)

    made = adapter.ensure(wanted(found, question), is_stopped=lambda: False, say=lambda _: None)

    assert says(made, "import tiny, small; print(tiny.__version__, small.__version__)") == "1.0 1.0"
    assert all(package.hashes for package in found.packages)


def test_a_file_with_another_digest_is_not_installed(tmp_path: Path, index: PackageIndex) -> None:
    adapter = environments(tmp_path, index.url)
    text = f"small==1.0 --hash=sha256:{'0' * 64}\n"
    (tmp_path / "requirements.txt").write_text(text)
    bad = Wanted(digest="f" * 64, root=str(tmp_path), file="requirements.txt", text=text)

    with pytest.raises(EnvironmentFailedError, match=r"requirements\.txt") as caught:
        adapter.ensure(bad, is_stopped=lambda: False, say=lambda _: None)

    assert "digest" in (caught.value.todo or "")
    assert not os.path.exists(adapter.folder_of(bad.digest))


def test_a_version_after_the_day_says_so(tmp_path: Path, index: PackageIndex) -> None:
    with pytest.raises(EnvironmentFailedError) as caught:
        resolve(
            environments(tmp_path, index.url), asked(tmp_path, "tiny==2.0\n", as_of="2021-05-03")
        )

    assert "as of a date" in (caught.value.todo or "")


def test_an_index_without_upload_times_says_what_to_set(
    tmp_path: Path, index: PackageIndex
) -> None:
    index.tells_times = False

    with pytest.raises(EnvironmentFailedError) as caught:
        resolve(environments(tmp_path, index.url), asked(tmp_path, "tiny\n", as_of="2021-05-03"))

    assert "as_of" in (caught.value.todo or "")
    assert versions(resolve(environments(tmp_path, index.url), asked(tmp_path, "tiny\n")))


def test_a_withdrawn_version_is_taken_only_by_its_exact_pin(
    tmp_path: Path, index: PackageIndex
) -> None:
    index.wheel("small", "1.9", NEW, yanked="broken")
    adapter = environments(tmp_path, index.url)

    assert versions(resolve(adapter, asked(tmp_path, "small\n"))) == {"small": "1.5"}
    assert versions(resolve(adapter, asked(tmp_path, "small==1.9\n"))) == {"small": "1.9"}
    with pytest.raises(EnvironmentFailedError) as caught:
        resolve(adapter, asked(tmp_path, "small>1.5\n"))

    assert "withdrawn" in (caught.value.todo or "")


def test_an_index_that_is_not_reached_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError) as caught:
        resolve(environments(tmp_path, "http://127.0.0.1:9/simple"), asked(tmp_path, "tiny\n"))

    assert "does not reach a package index" in (caught.value.todo or "")


def test_a_password_reaches_the_index_and_nothing_else(tmp_path: Path, index: PackageIndex) -> None:
    address = index.with_password("hunter2hunter2")
    adapter = environments(tmp_path, address)
    question = asked(tmp_path, "tiny\n")
    found = resolve(adapter, question)
    adapter.ensure(wanted(found, question), is_stopped=lambda: False, say=lambda _: None)

    with pytest.raises(EnvironmentFailedError) as caught:
        resolve(adapter, asked(tmp_path, "absent==1\n"))

    assert "hunter2" not in str(caught.value)
    for folder, _, names in os.walk(tmp_path / "env"):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                assert b"hunter2" not in file.read(), name


def test_a_password_of_a_requirement_file_is_used_and_not_told(
    tmp_path: Path, index: PackageIndex
) -> None:
    text = f"--index-url {index.with_password('s3cret-of-ada')}\ntiny\n"
    question = asked(tmp_path, text, index=index_of([("", text)]), state="x")
    adapter = environments(tmp_path, "http://127.0.0.1:9/simple")

    found = resolve(adapter, question)
    made = adapter.ensure(wanted(found, question), is_stopped=lambda: False, say=lambda _: None)

    assert says(made, "import tiny; print(tiny.__version__)") == "2.0"
    assert "s3cret" not in found.text
    assert "s3cret" not in question.digest("")


def test_a_refused_password_says_how_to_give_one(tmp_path: Path, index: PackageIndex) -> None:
    index.with_password("right")

    with pytest.raises(EnvironmentFailedError) as caught:
        resolve(environments(tmp_path, index.url), asked(tmp_path, "tiny\n"))

    assert "${USER}" in (caught.value.todo or "")


def test_two_processes_make_one_environment(tmp_path: Path, index: PackageIndex) -> None:
    question = asked(tmp_path, "tiny\n")
    found = resolve(environments(tmp_path, index.url), question)
    made: list[Made | None] = []

    def make() -> None:
        adapter = environments(tmp_path, index.url)
        wish = wanted(found, question)
        made.append(adapter.ensure(wish, is_stopped=lambda: False, say=lambda _: None))

    makers = [threading.Thread(target=make) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()

    assert sum(item.is_new for item in made if item) == 1
    assert {says(item, "import tiny; print(tiny.__version__)") for item in made} == {"2.0"}


MAKER = """
import sys
from branchline.adapters.environments import LockEnvironments
from branchline.ports.environments import Wanted
folder, root, text, uv = sys.argv[1:]
environ = {"PATH": "/usr/bin:/bin"}
environments = LockEnvironments(folder, python=sys.executable, environ=environ, uv=uv)
environments.ensure(
    Wanted(digest="e" * 64, root=root, file="requirements.txt", text=text, is_whole=True),
    is_stopped=lambda: False, say=lambda text: print(text, flush=True),
)
"""


def test_after_a_killed_maker_the_next_waits_for_its_installer_and_makes_it_whole(
    tmp_path: Path, index: PackageIndex
) -> None:
    # An installer that is slow, and writes where the environment will stand.
    slow = tmp_path / "slow-uv"
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *venv*) echo $$ > {tmp_path}/pid; sleep 1.5;'
        f" touch {tmp_path}/orphan-ended;; esac\nexit 0\n"
    )
    slow.chmod(0o755)
    words = [
        sys.executable,
        "-c",
        MAKER,
        str(tmp_path / "env"),
        str(tmp_path),
        "tiny==2.0",
        str(slow),
    ]
    killed = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (tmp_path / "pid").exists() and time.monotonic() < until:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    question = asked(tmp_path, "tiny\n")
    found = resolve(environments(tmp_path, index.url), question)

    made = environments(tmp_path, index.url).ensure(
        replace(wanted(found, question), digest="e" * 64),
        is_stopped=lambda: False,
        say=lambda _: None,
    )

    assert (tmp_path / "orphan-ended").exists()
    assert says(made, "import tiny; print(tiny.__version__)") == "2.0"


def test_who_is_stopped_leaves_no_answer_and_no_environment(
    tmp_path: Path, index: PackageIndex
) -> None:
    adapter = environments(tmp_path, index.url)
    question = asked(tmp_path, "tiny\n")

    assert adapter.resolve(question, is_stopped=lambda: True, say=lambda _: None) is None
    assert os.listdir(tmp_path / "env" / "found") == []


def test_without_uv_it_is_said_what_to_install(tmp_path: Path) -> None:
    adapter = LockEnvironments(
        str(tmp_path / "env"), python=sys.executable, environ=environ(tmp_path, ""), uv=None
    )

    with pytest.raises(MissingToolError) as caught:
        resolve(adapter, asked(tmp_path, "tiny\n"))

    assert "pip install" in (caught.value.todo or "")


def test_an_environment_is_entered_and_left(tmp_path: Path, index: PackageIndex) -> None:
    adapter = environments(tmp_path, index.url)
    question = asked(tmp_path, "tiny\n")
    made = adapter.ensure(
        wanted(resolve(adapter, question), question), is_stopped=lambda: False, say=lambda _: None
    )
    assert made is not None
    before = os.environ["PATH"]

    with adapter.entered(made):
        inside = subprocess.run(
            ["python", "-c", "import tiny; print(tiny.__version__)"], capture_output=True, text=True
        ).stdout.strip()

    assert inside == "2.0"
    assert os.environ["PATH"] == before


def test_those_that_nobody_used_for_long_are_removed(
    tmp_path: Path, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    from branchline.adapters.environments import local

    monkeypatch.setattr(local, "_KEPT", 1)
    adapter = environments(tmp_path, index.url)
    question = asked(tmp_path, "small\n")
    found = resolve(adapter, question)

    def make(digest: str) -> Made:
        wish = replace(wanted(found, question), digest=digest * 64)
        made = adapter.ensure(wish, is_stopped=lambda: False, say=lambda _: None)
        assert made is not None
        return made

    old, held, fresh = make("1"), make("2"), make("3")
    for made in (old, held):
        os.utime(os.path.join(made.folder, "branchline-complete"), (1, 1))
    with adapter.entered(held):
        new = make("4")

    assert not os.path.exists(old.folder)
    assert all(os.path.isdir(made.folder) for made in (held, fresh, new))


def test_interpreters_are_asked_for_their_version_and_scripts_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    (folder / "python3.6").write_text("#!/bin/sh\nexit 127\n")
    (folder / "python3.6").chmod(0o755)

    found = find_interpreters({"PATH": str(folder), "HOME": str(tmp_path)}, sys.executable)

    assert [item.version for item in found] == ["{}.{}.{}".format(*sys.version_info[:3])]


def test_a_lock_of_uv_is_read_without_an_index_and_without_what_serves_development(
    tmp_path: Path, index: PackageIndex
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["tiny==1.0"]\n[dependency-groups]\ndev = ["linter"]\n'
    )
    index.wheel("linter", "1.0", OLD)
    variables = environ(tmp_path, index.url)
    words = [find_uv(os.environ), "lock", "--quiet", "--project", str(tmp_path)]
    subprocess.run(words, check=True, env=variables, cwd=tmp_path)
    index.asked.clear()

    text = environments(tmp_path, index.url).export(str(tmp_path), "uv.lock")

    assert {package.name for package in packages_of(text)} == {"tiny", "small"}
    assert all(package.hashes for package in packages_of(text))
    assert index.asked == []


# A plan looks without running code.


def evil(index: PackageIndex, tmp_path: Path, name: str, version: str) -> None:
    """A source file whose backend says, in a file, that it ran."""
    mark = tmp_path / "ran"
    index.source(name, version, NEW, code=f"open({str(mark)!r}, 'a').write('ran')\n")


def look(adapter: LockEnvironments, question: Asked, path: str = "requirements.txt") -> object:
    def read(name: str) -> str | None:
        place = os.path.join(question.root, name)
        if not os.path.isfile(place):
            return None
        with open(place, encoding="utf-8") as file:
            return file.read()

    return adapter.look(question, plain_of(path, read))


def test_a_look_finds_what_is_found_otherwise(tmp_path: Path, index: PackageIndex) -> None:
    question = asked(tmp_path, "tiny\n", as_of="2021-05-03")

    looked = look(environments(tmp_path, index.url), question)

    other = LockEnvironments(
        str(tmp_path / "other"),
        python=sys.executable,
        environ=environ(tmp_path, index.url),
        uv=find_uv(os.environ),
    )
    assert looked == resolve(other, question)


def test_a_look_builds_nothing_and_takes_no_older_version_instead(
    tmp_path: Path, index: PackageIndex
) -> None:
    # With wheels alone `small` 1.5 would be taken; a run builds 2.0.
    evil(index, tmp_path, "small", "2.0")
    evil(index, tmp_path, "sole", "1.0")
    adapter = environments(tmp_path, index.url)

    one = look(adapter, asked(tmp_path, "tiny\n"))
    other = look(adapter, asked(tmp_path, "sole\n"))

    assert "`small` has versions without a built file" in str(one)
    assert "no built file" in str(other)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(EnvironmentFailedError):
        resolve(adapter, asked(tmp_path, "sole\n"))
    assert (tmp_path / "ran").exists()  # so that the test could fail


@pytest.mark.parametrize("text", ["-e .", ".", "x @ ./", "-e ./", "file:."])
def test_a_look_builds_no_folder_of_the_repository(
    tmp_path: Path, index: PackageIndex, text: str
) -> None:
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('ran')\n")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "evil"\nbackend-path = ["."]\n'
    )

    said = look(environments(tmp_path, index.url), asked(tmp_path, f"{text}\n"))

    assert "requirements.txt:1" in str(said)
    assert not (tmp_path / "ran").exists()


def test_settings_of_the_tree_do_not_allow_a_look_to_build(
    tmp_path: Path, index: PackageIndex
) -> None:
    evil(index, tmp_path, "sole", "1.0")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.uv]\nno-build = false\n[tool.uv.pip]\nonly-binary = [":none:"]\nno-build = false\n'
    )

    said = look(environments(tmp_path, index.url), asked(tmp_path, "sole\n"))

    assert "no built file" in str(said)
    assert not (tmp_path / "ran").exists()


def test_a_look_sends_no_variable_to_an_index(tmp_path: Path, index: PackageIndex) -> None:
    text = f"--index-url {index.url}/${{HOME}}\ntiny\n"
    index.asked.clear()

    said = look(
        environments(tmp_path, index.url), asked(tmp_path, text, index=index_of([("", text)]))
    )

    assert "names a variable" in str(said)
    assert index.asked == []


def test_a_look_knows_what_a_run_has_found(tmp_path: Path, index: PackageIndex) -> None:
    index.wheel("late", "1.0", OLD)
    index.wheel("late", "2.0", NEW, requires_python=">=3.99")
    adapter = environments(tmp_path, index.url)
    question = asked(tmp_path, "late\n")
    before = look(adapter, question)
    found = resolve(adapter, question)

    assert "`late` has versions" in str(before)
    assert look(adapter, question) == found


def test_a_look_at_an_index_that_is_not_reached_says_so(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError) as caught:
        look(environments(tmp_path, "http://127.0.0.1:9/simple"), asked(tmp_path, "tiny\n"))

    assert "does not reach a package index" in (caught.value.todo or "")
    assert not any("DEBUG" in line for line in caught.value.details)
