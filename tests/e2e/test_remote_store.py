"""Outputs in a bucket: sent, fetched by another clone, shared with DVC, and what goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests import ready_branchline
from tests.e2e.conftest import Done, Project, clean_environment
from tests.servers.git_servers import ssh_server
from tests.servers.s3_server import KEYS, failing_proxy, peers_with_s3, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.peers, pytest.mark.slow]

FILES = {
    "branchline.yaml": "model: toy\n",
    "dvc.yaml": """\
stages:
  prepare:
    cmd: mkdir -p parts && cp data.csv parts/a && cp data.csv parts/b && echo c > parts/c
    deps: [data.csv]
    outs: [parts]
  train:
    cmd: >-
      cat parts/a parts/c > model && echo '{"auc": 0.9}' > metrics.json && echo made >> trained
    deps: [parts]
    outs: [model]
    metrics: [{metrics.json: {cache: false}}]
""",
    "data.csv": "1\n",
    ".gitignore": "/trained\n",
}


def environment() -> dict[str, str]:
    """Of children: with the credentials and the home of the test."""
    names = [name for name in os.environ if name.startswith("AWS_")]
    home = os.environ.get("STORE_HOME", "/nonexistent")
    return {**clean_environment(), **{name: os.environ[name] for name in names}, "HOME": home}


def branchline(project: Project, *words: str) -> Done:
    done = ready_branchline.call(words, cwd=project.root, env=environment(), timeout=200)
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass
class Bucket:
    """A project and clones of it, with a bucket.

    Attributes:
        folder: Where they stand. url: Of the S3 server.
    """

    folder: Path
    url: str

    def project(self, settings: str = "") -> Project:
        made = Project.create(self.folder / "one", {**FILES, "branchline.yaml": settings})
        made.commit("first")
        return made

    def clone(self, of: Project, name: str) -> Project:
        of.git("clone", "-q", ".", f"../{name}")
        clone = Project(self.folder / name)
        clone.git("fetch", "-q", "origin", "refs/branchline/*:refs/branchline/*")
        return clone

    def objects(self) -> list[str]:
        """Paths of the objects in the bucket."""
        asked = (
            "import os, s3fs; f = s3fs.S3FileSystem(endpoint_url=os.environ['URL']);"
            "print('\\n'.join(f.find('bucket')))"
        )
        done = subprocess.run(
            [sys.executable, "-c", asked], capture_output=True, text=True,
            env={**os.environ, "URL": self.url},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [line.removeprefix("bucket/") for line in done.stdout.split()]


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with s3_server(tmp_path / "s3") as url:
        yield Bucket(tmp_path, url)


def settings_of(url: str) -> str:
    return f"model: toy\nstore: {{url: 's3://bucket/models', endpoint_url: '{url}'}}\n"


def dvc(project: Project, *words: str) -> str:
    done = subprocess.run(
        [peers_with_s3(), "-m", "dvc", *words], cwd=project.root, capture_output=True, text=True,
        env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_what_one_clone_made_another_reuses(bucket: Bucket) -> None:
    one = bucket.project(settings_of(bucket.url))
    assert branchline(one, "run").code == 0
    assert bucket.objects() == [], "a run at a desk sends nothing unasked"

    sent = branchline(one, "store", "push")
    again = branchline(one, "store", "push", "--json")

    assert "Sent 5 objects" in sent.text
    assert "s3://bucket/models" in sent.text
    assert json.loads(again.stdout)["objects"] == 0
    assert all(path.startswith("models/files/md5/") for path in bucket.objects())

    two = bucket.clone(one, "two")
    ran = branchline(two, "run")

    assert ran.code == 0, ran.text
    assert two.read("model") == "1\nc\n"
    assert not (two.root / "trained").exists()
    assert sorted(p.name for p in (two.root / "parts").iterdir()) == ["a", "b", "c"]


def test_what_one_clone_made_comes_to_its_place_in_another(bucket: Bucket) -> None:
    one = bucket.project(settings_of(bucket.url))
    branchline(one, "run")
    branchline(one, "store", "push")
    two = bucket.clone(one, "two")

    model = branchline(two, "store", "pull", "HEAD", "--only", "model")
    others = [path.name for path in two.root.glob("parts")]
    rest = branchline(two, "store", "pull")
    ran = branchline(two, "run")

    assert (model.code, others) == (0, []), model.text
    assert two.read("model") == "1\nc\n"
    assert "Fetched parts" in rest.text
    assert "1 of 2 outputs stood in their place already." in rest.text
    assert "Nothing to run" in ran.text
    assert not (two.root / "trained").exists()


def test_an_object_that_is_damaged_there_is_refused(bucket: Bucket) -> None:
    one = bucket.project(settings_of(bucket.url))
    branchline(one, "run")
    branchline(one, "store", "push")
    spoil = (
        "import os, s3fs; f = s3fs.S3FileSystem(endpoint_url=os.environ['URL']);"
        "[f.pipe(p, b'spoiled') for p in f.find('bucket') if not p.endswith('.dir')]"
    )
    subprocess.run([sys.executable, "-c", spoil], check=True, env={**os.environ, "URL": bucket.url})
    two = bucket.clone(one, "two")

    ran = branchline(two, "run")

    assert ran.code == 1
    assert "is damaged" in ran.text
    assert "branchline store push" in ran.text
    assert not (two.root / "model").exists()


def test_dvc_pulls_what_was_sent_and_the_other_way(bucket: Bucket) -> None:
    one = bucket.project("model: toy\n")
    dvc(one, "init", "-q")
    dvc(one, "remote", "add", "-q", "-d", "far", "s3://bucket/dvc")
    dvc(one, "remote", "modify", "-q", "far", "endpointurl", bucket.url)
    one.commit("dvc")
    assert branchline(one, "run").code == 0

    sent = branchline(one, "store", "push")

    assert "DVC remote `far` (s3://bucket/dvc)" in sent.text, sent.text
    one.commit("lock")
    theirs = bucket.clone(one, "theirs")
    dvc(theirs, "pull", "-q")
    assert theirs.read("model") == "1\nc\n"
    assert sorted(p.name for p in (theirs.root / "parts").iterdir()) == ["a", "b", "c"]

    theirs.write("data.csv", "2\n")
    dvc(theirs, "repro", "-q")
    dvc(theirs, "push", "-q")
    theirs.commit("theirs")
    ours = bucket.clone(theirs, "ours")
    ran = branchline(ours, "run")

    assert ran.code == 0, ran.text
    assert ours.read("model") == "2\nc\n"
    assert not (ours.root / "trained").exists()


def test_dvc_pulls_over_ssh_what_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ssh_server(tmp_path / "ssh") as server:
        home = tmp_path / "home"
        (home / ".ssh").mkdir(parents=True)
        known = (tmp_path / "ssh/known_hosts").read_text()
        (home / ".ssh/known_hosts").write_text(known)
        monkeypatch.setenv("STORE_HOME", str(home))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        place = Bucket(tmp_path, "")
        one = place.project("model: toy\n")
        dvc(one, "init", "-q")
        dvc(one, "remote", "add", "-q", "-d", "far", f"{server.prefix}{tmp_path}/far")
        dvc(one, "remote", "modify", "-q", "far", "keyfile", str(tmp_path / "ssh/client"))
        one.commit("dvc")
        assert branchline(one, "run").code == 0

        sent = branchline(one, "store", "push")

        assert sent.code == 0, sent.text
        one.commit("lock")
        theirs = place.clone(one, "theirs")
        dvc(theirs, "pull", "-q")
        assert theirs.read("model") == "1\nc\n"
        assert list((tmp_path / "far/tmp").iterdir()) == []


def test_what_a_killed_upload_left_the_next_one_sends(bucket: Bucket) -> None:
    with failing_proxy(bucket.url) as proxy:
        one = bucket.project(settings_of(proxy.url))
        branchline(one, "run")
        proxy.delay_s = 0.7
        words = [sys.executable, "-m", "branchline", "store", "push"]
        process = subprocess.Popen(words, cwd=one.root, env=environment())
        deadline = time.monotonic() + 60
        while not any(method == "PUT" for method, _ in proxy.seen):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        lists = [path for path in bucket.objects() if path.endswith(".dir")]
        assert lists == [], "a folder's list comes after its files"

        proxy.delay_s = 0.0
        done = branchline(one, "store", "push")

    assert done.code == 0, done.text
    assert len(bucket.objects()) == 5
    two = bucket.clone(one, "two")
    two.replace("branchline.yaml", proxy.url, bucket.url)
    assert branchline(two, "run").code == 0
    assert not (two.root / "trained").exists()


def test_a_server_that_fails_by_chance_is_asked_again(bucket: Bucket) -> None:
    with failing_proxy(bucket.url) as proxy:
        one = bucket.project(settings_of(proxy.url))
        branchline(one, "run")
        proxy.failures = 3

        done = branchline(one, "store", "push")

    assert done.code == 0, done.text
    assert len(bucket.objects()) == 5


def test_without_credentials_the_variables_are_named(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = bucket.project(settings_of(bucket.url))
    branchline(one, "run")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    done = branchline(one, "store", "push")

    assert done.code == 1
    assert "AWS_ACCESS_KEY_ID" in done.text
    assert "Traceback" not in done.text


def test_a_folder_loads_no_library_of_a_cloud(tmp_path: Path) -> None:
    place = Bucket(tmp_path, "")
    one = place.project(f"model: toy\nstore: {tmp_path}/models\n")
    branchline(one, "run")
    sent = branchline(one, "store", "push")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "branchline", "store", "push"],
        cwd=one.root, env=environment(), capture_output=True, text=True,
    )  # fmt: skip

    assert "Sent 5 objects" in sent.text
    assert done.returncode == 0
    assert not any(name in done.stderr for name in ("fsspec", "s3fs", "aiohttp", "botocore"))
    assert len([p for p in (tmp_path / "models/files").rglob("*") if p.is_file()]) == 5
