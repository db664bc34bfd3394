"""Files that comments show, on a branch of the same repository."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.github.assets import BRANCH, GitHubAssets
from branchline.errors import ForgeError, ForgePermissionError

if TYPE_CHECKING:
    from tests.adapters.github.conftest import Site

PICTURE = b"\x89PNG\r\n" + bytes(range(256))


def assets(site: Site, token: str = "tok-bot") -> GitHubAssets:
    return GitHubAssets(site.repository(token))


def commits(site: Site) -> list[str]:
    return [commit["sha"] for commit in site.ask("GET", f"/commits?sha={BRANCH}&per_page=100")]


def test_a_file_is_kept_once_and_shares_no_history(site: Site) -> None:
    first = assets(site).put("roc curve.png", PICTURE)
    again = assets(site).put("roc curve.png", PICTURE)
    other = assets(site).put("roc curve.png", PICTURE + b"2")

    assert first == again != other
    start = f"https://github.com/{site.name}/blob/{BRANCH}/"
    path = first.removeprefix(start).removesuffix("?raw=true")
    held = site.ask("GET", f"/contents/{path}?ref={BRANCH}")
    assert base64.b64decode(held["content"]) == PICTURE
    assert len(commits(site)) == 2
    assert site.head() not in commits(site)


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not-done"])
def test_each_call_may_fail(site: Site, *, is_done: bool) -> None:
    for after in range(8):
        fault = site.judged.break_next(after=after, count=1, is_done=is_done)
        assets(site).put("a.png", PICTURE + bytes([after]))
        fault.count = 0

    assert len(commits(site)) == 8


def test_two_runs_at_once_keep_both(site: Site) -> None:
    barrier = threading.Barrier(3)

    def put(number: int) -> None:
        barrier.wait()
        assets(site).put("a.png", PICTURE + bytes([number]))

    threads = [threading.Thread(target=put, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(commits(site)) == 3


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "-rf", "", ".git", "ä;$(id)\n.png"])
def test_a_name_is_harmless(site: Site, name: str) -> None:
    address = assets(site).put(name, b"x")

    rest = address.partition(f"/{BRANCH}/")[2].removesuffix("?raw=true")
    assert rest.count("/") == 1
    assert rest.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum()


def test_what_is_too_large_is_not_sent(site: Site) -> None:
    with pytest.raises(ForgeError, match="at most 20971520 are kept"):
        assets(site).put("a.png", b"x" * (20 * 1024 * 1024 + 1))


def test_a_token_that_may_not_write_is_told(site: Site) -> None:
    with pytest.raises(ForgePermissionError, match="`contents: write`"):
        assets(site, "tok-bot+contents:read").put("a.png", b"x")
