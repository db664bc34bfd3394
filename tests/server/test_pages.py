from __future__ import annotations

import http.client
import json
import re
import subprocess
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from branchline import wiring
from branchline.core.run.jobs import JobState
from branchline.flows.remotes import BoxOptions
from branchline.ports.branches import MergeMethod
from branchline.ports.forge import CheckState, PullState
from branchline.ports.queue import Ending
from branchline.server.pages.overview import CHECK_TONES

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.server.conftest import Site


def test_the_overview_tells_what_waits_and_what_runs(site: Site) -> None:
    text = site.get("/").text

    for said in ("Train on four cores", "Job 4: train", "running", "tumour-classifier", "v1.0.1"):
        assert said in text


@pytest.mark.parametrize(
    "path", ["/", "/pulls", "/pulls/1", "/pulls/2", "/jobs", "/jobs/4", "/models"]
)
def test_every_page_has_its_landmarks(site: Site, path: str) -> None:
    answer = site.get(path)

    assert answer.status == 200
    for part in ('<html lang="en">', "<main", "<nav aria-label", "<header", "<footer", "<h1"):
        assert part in answer.text
    assert answer.text.count("<h1") == 1
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " onclick" not in answer.text


def test_a_pull_request_shows_what_decides(site: Site) -> None:
    text = site.get("/pulls/2").text

    for said in (
        "<del>0.1</del>", "<ins>0.042</ins>", "Nothing stands against it", "Approved by Ada",
        "Verdict: passed", "params.yaml", "+3", "−3", "Merge into main", 'class="added"',
    ):  # fmt: skip
        assert said in text, said


def test_what_stands_against_a_merge_is_named(site: Site) -> None:
    text = site.get("/pulls/1").text

    assert "recall is 0.8412" in text
    assert "Merge anyway" in text
    assert "Merge into main" not in text


@pytest.mark.parametrize("method", list(MergeMethod))
def test_merging_by_a_button(site: Site, method: MergeMethod) -> None:
    answer = site.press("/pulls/2", "/pulls/2/merge", method=method.value)

    assert (answer.status, answer.headers["location"]) == (303, "/pulls/2?said=merged")
    view = site.desk.view(2)
    assert view.pull.state is PullState.MERGED
    assert site.desk.pulls.branches.head("main") == view.pull.merged_as
    jobs = [job for job in site.desk.jobs() if job.asked.commit == view.pull.merged_as]
    assert [job.asked.branch for job in jobs if job.asked.branch == "main"] == ["main"]
    shown = site.get("/pulls/2?said=merged").text
    assert "Merged." in shown
    assert "Merged into" in shown
    assert "<ins>0.042</ins>" in shown  # still what it changed, not nothing


def test_merging_without_a_reason_is_refused(site: Site) -> None:
    refused = site.press("/pulls/1", "/pulls/1/merge", method="merge", override=" ")
    merged = site.press("/pulls/1", "/pulls/1/merge", method="merge", override="known <b>flake</b>")

    assert refused.status == 409
    assert "recall is 0.8412" in refused.text
    assert merged.status == 303
    assert "known &lt;b&gt;flake" in site.get("/pulls/1").text


def test_what_was_looked_at_is_what_is_merged(site: Site, tmp_path: Path) -> None:
    shown = site.get("/pulls/2")
    work = tmp_path / "story" / "work"
    for words in (
        ["checkout", "-q", "training/3f9c2ab"],
        ["-c", "user.name=E", "-c", "user.email=e@x", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *words], cwd=work, check=True)
    subprocess.run(
        ["git", "fetch", "-q", str(work), "+refs/heads/*:refs/heads/*"], cwd=site.box, check=True
    )
    commit = shown.text.partition('name="commit" value="')[2].partition('"')[0]

    answer = site.ask(
        "POST", "/pulls/2/merge", f"form_token={shown.form_token}&commit={commit}&method=merge"
    )

    assert answer.status == 409
    assert "any more" in answer.text
    assert site.desk.view(2).pull.approved_by == ""


def test_approving_and_closing(site: Site) -> None:
    assert (
        site.press("/pulls/1", "/pulls/1/approve").headers["location"] == "/pulls/1?said=approved"
    )
    assert site.desk.view(1).pull.approved_by == "Eve <eve@example.org>"
    assert site.press("/pulls/1", "/pulls/1/close").status == 303
    assert site.desk.view(1).pull.state is PullState.CLOSED
    assert "Decided" in site.get("/pulls/1").text


def test_stopping_and_trying_again(site: Site) -> None:
    stopped = site.press("/jobs/4", "/jobs/4/cancel")
    again = site.press("/jobs/2", "/jobs/2/retry")

    assert stopped.headers["location"] == "/jobs/4?said=cancelled"
    assert site.desk.job(4).cancel == "stopped by Eve <eve@example.org>"
    assert again.headers["location"] == "/jobs/5?said=retried"
    assert site.desk.job(5).asked.pusher == "Eve <eve@example.org>"


@pytest.mark.parametrize(
    "path", ["/pulls/99", "/jobs/99", "/jobs/99/log", "/nowhere", "/static/../guard.py", "/pulls/x"]
)
def test_what_does_not_exist_is_said(site: Site, path: str) -> None:
    answer = site.get(path)

    assert answer.status == 404
    assert "Traceback" not in answer.text


def test_a_log_holds_nothing_that_drives_a_terminal(site: Site) -> None:
    for path in ("/jobs/4", "/jobs/4/log"):
        text = site.get(path).text

        assert "round 100" in text
        assert "\x1b" not in text
        assert "10 %" not in text


def test_a_hostile_pull_request_stays_text(
    sample: ModuleType, serve_box: Callable[[Path], Site], tmp_path: Path
) -> None:
    evil = serve_box(sample.tell(tmp_path / "hostile", hostile=True))

    for path in ("/pulls/3", "/", "/pulls"):
        text = evil.get(path).text

        for bad in ("<script>alert", "<img src=x", "<svg", "onerror=alert(2)>", "\x1b", "<u>who"):
            assert bad not in text, (path, bad)
        assert 'href="javascript' not in text
        assert 'href="data' not in text


def test_an_empty_box_says_what_to_do(serve_box: Callable[[Path], Site], tmp_path: Path) -> None:
    wiring.make_box(str(tmp_path / "empty.git"), BoxOptions())
    empty = serve_box(tmp_path / "empty.git")

    for path in ("/", "/pulls", "/jobs", "/models"):
        assert re.search(r"[Nn]one|Nothing", empty.get(path).text)


def events_of(site: Site, path: str, done: Callable[[str], bool], **headers: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    given = {"Host": "localhost", "Accept": "text/event-stream", **headers}
    connection.request("GET", path, headers=given)
    response = connection.getresponse()
    assert response.headers["content-type"].startswith("text/event-stream")
    text = ""
    while not done(text):
        line = response.readline().decode()
        if not line:
            break
        text += line
    connection.close()
    return text


def test_a_log_is_followed_until_its_job_ends(site: Site) -> None:
    path = Path(site.desk.log_path(4))
    size = path.stat().st_size

    def go_on() -> None:
        with path.open("a") as file:
            file.write("round 500\nhalf")
            file.flush()
            file.write(" a line\n<b>last</b>")
        site.desk.queue.end(
            4, "sample-3", Ending(state=JobState.SUCCEEDED, outcome="passed"), at=site.desk.now()
        )

    thread = Thread(target=go_on)
    thread.start()
    text = events_of(site, f"/jobs/4/events?from={size}", lambda said: "event: end" in said)
    thread.join()

    logs = [
        json.loads(block.partition("data: ")[2])["text"]
        for block in text.split("\n\n")
        if "event: log" in block
    ]
    assert "".join(logs) == "round 500\nhalf a line\n<b>last</b>"
    assert '"words": "succeeded, verdict passed"' in text


def test_a_log_goes_on_where_the_browser_lost_it(site: Site) -> None:
    whole = Path(site.desk.log_path(3)).read_bytes()
    start = whole.index(b"round 420")

    text = events_of(
        site, "/jobs/3/events?from=0", lambda said: "event: end" in said,
        **{"Last-Event-ID": str(start)},
    )  # fmt: skip

    assert "round 420" in text
    assert "round 100" not in text
    assert f"id: {len(whole)}" in text


def test_who_stops_listening_is_forgotten(site: Site) -> None:
    for _ in range(3):
        text = events_of(site, "/jobs/4/events?from=0", lambda said: "event: state" in said)

        assert "round 420" in text
    assert site.get("/").status == 200


def test_every_state_of_a_check_has_a_tone() -> None:
    assert set(CHECK_TONES) == {state.value for state in CheckState}
