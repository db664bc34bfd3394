"""A job of GitHub Actions whose repository stands behind git http-backend with a password."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES, CiScene, pushed

if TYPE_CHECKING:
    from collections.abc import Iterator

from tests.servers.git_servers import Server, http_server

TOKEN = "t0ken-of-the-job"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """lighttpd that lets in whoever has the job's token, as GitHub does."""
    folder = tmp_path_factory.mktemp("server") / "http"
    with http_server(folder, password="x") as server:
        (folder / "users").write_text(f"x-access-token:{TOKEN}\n")
        yield Server(server.prefix.replace("ann:x@", ""))


def shallow(scene: CiScene, server: Server) -> Path:
    """A checkout of one commit that left a header of its own, as `persist-credentials` does."""
    folder = scene.checkout("refs/heads/main")
    scene.git(folder, "remote", "set-url", "origin", f"{server.prefix}{scene.bare}")
    scene.git(folder, "config", f"http.{server.prefix}/.extraheader", "AUTHORIZATION: basic old")
    return folder


def job(scene: CiScene, server: Server, verb: str, folder: Path, token: str = TOKEN) -> Any:
    head = scene.git(scene.bare, "rev-parse", "main")
    return scene.job(
        verb, pushed("refs/heads/main", head), ref="refs/heads/main", folder=folder,
        GITHUB_TOKEN=token, GITHUB_SERVER_URL=server.prefix,
    )  # fmt: skip


def test_records_travel_with_the_token_of_the_job(tmp_path: Path, server: Server) -> None:
    scene = CiScene(tmp_path)
    scene.commit(FILES, message="first")

    run = job(scene, server, "run", shallow(scene, server))
    again = job(scene, server, "plan", shallow(scene, server))

    assert (run.code, again.code) == (0, 0), run.err + again.err
    assert {name.split("/")[2] for name in scene.records()} == {"results", "runs"}, run.err
    assert again.outputs["training-changed"] == "false", again.out + again.err
    for text in (run.out, run.err, run.summary, again.out, again.err):
        assert TOKEN not in text
    configs = "".join(path.read_text() for path in tmp_path.glob("job*/.git/config"))
    assert TOKEN not in configs


def test_without_a_token_the_walk_works_and_the_loss_is_said(
    tmp_path: Path, server: Server
) -> None:
    scene = CiScene(tmp_path)
    scene.commit(FILES, message="first")

    run = job(scene, server, "run", shallow(scene, server), token="")

    assert run.code == 0, run.err
    assert scene.records() == []
    assert "the records could not be fetched" in run.err
    assert "the records were not pushed" in run.err
