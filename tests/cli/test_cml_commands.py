"""What CML's users type, on a box and on a GitHub that judges each request."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline import wiring
from branchline.flows.remotes import BoxOptions
from branchline.ports.forge import CheckState
from branchline.wiring import desks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Clone
    from tests.rig.forge import JudgedForge

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
FILES = {"params.yaml": "depth: 4\n", "report.md": "# Report\n\n![](plot.png)\n"}


@pytest.fixture
def clone(make_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch) -> Clone:
    from branchline.adapters.box import LocalBox

    for name in ("GITHUB_ACTIONS", "GITHUB_TOKEN", "GH_TOKEN", "REPO_TOKEN", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(LocalBox, "wake", lambda self: False)
    return make_clone(FILES)


@pytest.fixture
def box(tmp_path: Path, clone: Clone) -> Path:
    path = tmp_path / "models.git"
    wiring.make_box(str(path), BoxOptions())
    subprocess.run(["git", "config", "core.hooksPath", "/dev/null"], cwd=path, check=True)
    clone.git("remote", "add", "box", str(path))
    clone.git("config", "remote.box.branchline", "true")
    clone.git("push", "-q", "box", "main")
    clone.git("switch", "-qc", "deeper")
    clone.write("params.yaml", "depth: 8\n")
    clone.commit("Deeper trees")
    clone.git("push", "-q", "box", "deeper")
    return path


@pytest.fixture
def pull(clone: Clone, box: Path) -> int:
    assert clone.call("pr", "create", "--title", "Deeper trees").code == 0
    return 1


def comments(box: Path, number: int = 1) -> list[str]:
    with desks.open_desk(str(box)) as desk:
        return [comment.body for comment in desk.pulls.forge.comments(number)]


def test_a_report_is_one_comment_however_often_it_is_sent(
    clone: Clone, box: Path, pull: int
) -> None:
    first = clone.call("comment", "create", "report.md")
    clone.write("report.md", "# Newer\n")
    again = clone.call("comment", "update", "report.md", "--target", "pr")
    other = clone.call("comment", "create", "report.md", "--watermark-title", "_ * [ <other>")

    assert (first.code, again.code, other.code) == (0, 0, 0)
    assert first.out == "The comment report.md on #1 is up to date.\n"
    assert comments(box) == ["# Newer\n", "# Newer\n"]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("auto", 0), ("pr", 0), ("pr/1", 0), ("commit", 0), ("commit/HEAD", 0),
        ("commit/main", 2), ("pr/x", 2), ("unsupported/3", 2), ("pr/9", 2), ("commit/nothing", 2),
    ],
)  # fmt: skip
def test_targets_are_those_of_cml(
    clone: Clone, box: Path, pull: int, target: str, code: int
) -> None:
    said = clone.call("comment", "create", "report.md", "--target", target)

    assert said.code == code, said.err
    assert "Traceback" not in said.err


def test_without_a_pull_request_the_summary_of_the_job_has_the_report(
    clone: Clone, box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = clone.call("comment", "create", "report.md")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    noted = clone.call("comment", "create", "report.md")

    assert refused.code == 2
    assert "--target pr/NUMBER" in refused.err
    assert noted.code == 0
    assert (tmp_path / "summary").read_text() == FILES["report.md"]
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    nowhere = clone.call("comment", "create", "report.md")
    assert (nowhere.code, "Traceback" in nowhere.err) == (2, False)


def test_a_check_has_cmls_words(clone: Clone, box: Path) -> None:
    words = ("check", "create", "report.md", "--title", "Model")
    for given, state in (
        (("--conclusion", "failure"), CheckState.FAILED),
        (("--conclusion", "timed_out"), CheckState.UNKNOWN),
        (("--status", "in_progress"), CheckState.PENDING),
        ((), CheckState.PASSED),
    ):
        said = clone.call(*words, *given)
        with desks.open_desk(str(box)) as desk:
            checks = desk.pulls.forge.checks(clone.git("rev-parse", "HEAD"))
        assert said.code == 0
        assert [check.state for check in checks if check.name == "Model"] == [state]
    assert clone.call(*words, "--conclusion", "fine").code == 2


@pytest.mark.parametrize("option", ["--token", "--driver-token"])
@pytest.mark.parametrize("command", [
    ("comment", "create", "report.md"), ("check", "create", "report.md"),
    ("asset", "publish", "plot.png"), ("pr", "create", "--title", "T"),
])  # fmt: skip
def test_a_token_on_the_command_line_is_refused_and_not_repeated(
    clone: Clone, box: Path, command: tuple[str, ...], option: str
) -> None:
    said = clone.call(*command, option, "ghp_secret")

    assert said.code == 2
    assert "ghp_secret" not in said.out + said.err
    assert "GITHUB_TOKEN" in said.err


def test_a_file_to_append_to_is_looked_at_before_anything_is_published(
    clone: Clone, box: Path
) -> None:
    said = clone.call("asset", "publish", "plot.png", "--md", "--file", "absent/report.md")

    assert said.code == 2
    assert "absent/report.md cannot be written: its folder does not exist" in said.err


def test_what_has_no_effect_is_said(clone: Clone, box: Path, pull: int) -> None:
    said = clone.call(
        "comment", "create", "--publish", "--native", "--rm-watermark", "--update",
        "--publish-url", "https://asset.example.org", "--driver", "github", "report.md",
    )  # fmt: skip

    assert said.code == 0
    assert "--publish-url has no effect" in said.err
    assert "--rm-watermark has no effect" in said.err
    assert clone.call("comment", "create", "report.md", "--driver", "gitlab").code == 2
    assert clone.call("comment", "create", "absent.md").code == 2


def test_a_folder_or_a_pattern_means_what_changed_in_it(clone: Clone, box: Path) -> None:
    clone.write(".gitignore", "*.log\n")
    clone.commit("ignore")
    clone.write("out/a.json", "1")
    clone.write("out/deep/.hidden.json", "2")
    clone.write("out/c.log", "3")
    words = ("pr", "create", "--title", "T", "--box", str(box), "--skip-ci", "--squash")

    said = clone.call(*words, "--branch", "one", "out/**/*.json")
    none = clone.call(*words, "--branch", "two", "*.json")

    assert said.code == 0, said.err
    assert "--squash has no effect" in said.err
    in_it = clone.git("-C", str(box), "diff", "--name-only", "deeper", "one").split()
    assert set(in_it) == {".gitignore", "out/a.json", "out/deep/.hidden.json"}
    assert clone.git("-C", str(box), "log", "-1", "--format=%s", "one") == "T [skip ci]"
    assert "unchanged" in none.err


@pytest.mark.parametrize(
    "words",
    [
        ("comment", "create"), ("check", "create", "--title", "M"), ("asset", "publish"),
        ("pr", "create", "--title", "T"),
    ],
)  # fmt: skip
def test_a_link_out_of_the_repository_is_not_published(
    clone: Clone, box: Path, pull: int, words: tuple[str, ...]
) -> None:
    (clone.root / "out.md").symlink_to("/proc/self/environ")

    said = clone.call(*words[:2], "out.md", *words[2:])

    assert said.code == 2
    assert "out.md is a link out of the repository" in said.err
    assert comments(box) == []


class Hub:
    """A clone as a workflow has it, of a repository on the judged forge."""

    def __init__(self, clone: Clone, judged: JudgedForge, patch: pytest.MonkeyPatch) -> None:
        self.clone, self.judged, self.patch = clone, judged, patch
        self.name = judged.new_repository()
        for name, value in {
            "GITHUB_ACTIONS": "true", "GITHUB_API_URL": judged.url, "GITHUB_REPOSITORY": self.name,
            "GITHUB_SERVER_URL": "https://github.com", "GITHUB_TOKEN": "tok-bot",
            "GITHUB_REF": "refs/heads/main", "GITHUB_REF_NAME": "main",
        }.items():  # fmt: skip
            patch.setenv(name, value)

    def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        raw = None if body is None else json.dumps(body).encode()
        status, answer = self.judged.upstream(method, f"/repos/{self.name}{path}", raw)
        assert status < 400, (path, answer)
        return answer

    def main(self) -> str:
        found = self.ask("GET", "/git/ref/heads/main")
        assert isinstance(found, dict)
        return str(found["object"]["sha"])

    def pull(self) -> int:
        tree = self.ask("POST", "/git/trees", {"tree": [
            {"path": "n", "mode": "100644", "type": "blob", "content": "n"},
        ]})  # fmt: skip
        assert isinstance(tree, dict)
        made = self.ask(
            "POST", "/git/commits", {"message": "m", "tree": tree["sha"], "parents": [self.main()]}
        )
        assert isinstance(made, dict)
        self.ask("POST", "/git/refs", {"ref": "refs/heads/x", "sha": made["sha"]})
        opened = self.ask("POST", "/pulls", {"title": "T", "head": "x", "base": "main"})
        assert isinstance(opened, dict)
        number = int(opened["number"])
        event = self.clone.root.parent / "event.json"
        event.write_text(json.dumps({"pull_request": {"head": {"sha": made["sha"]}}}))
        for name, value in (
            ("GITHUB_REF", f"refs/pull/{number}/merge"), ("GITHUB_HEAD_REF", "x"),
            ("GITHUB_EVENT_PATH", str(event)),
        ):  # fmt: skip
            self.patch.setenv(name, value)
        return number


@pytest.fixture
def hub(clone: Clone, judged_forge: JudgedForge, monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub(clone, judged_forge, monkeypatch)


def test_a_report_with_an_image_in_a_workflow(hub: Hub) -> None:
    number = hub.pull()
    (hub.clone.root / "plot.png").write_bytes(PNG)
    (hub.clone.root.parent / "secret.png").write_bytes(PNG)
    hub.clone.write("report.md", "![](plot.png) ![](../secret.png) [k](plot.png)\n")

    first = hub.clone.call("comment", "create", "report.md")
    again = hub.clone.call("comment", "update", "report.md", "--json")

    assert first.out == f"https://github.com/{hub.name}/pull/{number}\n", first.err
    assert json.loads(again.out)["number"] == number
    found = hub.ask("GET", f"/issues/{number}/comments")
    assert isinstance(found, list)
    (comment,) = found
    assert "branchline-assets" in comment["body"]
    assert "![](../secret.png) [k](plot.png)" in comment["body"]
    assert "../secret.png is no image of this repository" in first.err
    assert hub.judged.problems == []


def test_an_asset_in_a_workflow(hub: Hub) -> None:
    (hub.clone.root / "plot.png").write_bytes(PNG)
    hub.clone.write("more/model.txt", "x")

    plain = hub.clone.call("asset", "publish", "plot.png")
    image = hub.clone.call("asset", "publish", "plot.png", "--md", "--title", 'R"OC](x', "--native")
    link = hub.clone.call("asset", "publish", "more/model.txt", "--md", "-f", "report.md")

    address = plain.out.strip()
    assert address.startswith(f"https://github.com/{hub.name}/blob/branchline-assets/"), plain.err
    assert image.out == f'![]({address} "R OC  x")\n'
    assert link.out == ""
    written = (hub.clone.root / "report.md").read_text()
    assert "[model.txt](https://github.com/" in written
    assert hub.judged.problems == []


def test_a_check_in_a_workflow_is_of_the_head_and_not_of_the_merge(hub: Hub) -> None:
    hub.pull()
    head = json.loads((hub.clone.root.parent / "event.json").read_text())

    said = hub.clone.call("check", "create", "report.md", "--title", "Model", "--json")

    assert said.code == 0, said.err
    assert json.loads(said.out)["commit"] == head["pull_request"]["head"]["sha"]
    assert hub.judged.problems == []


def test_a_missing_permission_is_named_with_the_lines_that_grant_it(hub: Hub) -> None:
    hub.pull()
    hub.patch.setenv("GITHUB_TOKEN", "tok-bot+contents:read+pull-requests:read")
    hub.patch.setenv("BRANCHLINE_GITHUB_LOGIN", "branchline-bot")

    said = hub.clone.call("comment", "create", "report.md", "--no-publish")

    assert said.code == 1
    assert "pull-requests: write" in said.err
    assert "tok-bot" not in said.err


def test_files_become_one_pull_request_in_a_workflow(hub: Hub, tmp_path: Path) -> None:
    number = hub.pull()  # its branch `x` is on GitHub; git pushes to a repository beside it
    hub.ask("PATCH", f"/pulls/{number}", {"state": "closed"})
    hub.patch.setenv("GITHUB_REF", "refs/heads/main")
    bare = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    hub.clone.git("remote", "add", "origin", str(bare))
    hub.clone.write("params.yaml", "depth: 9\n")
    words = (
        "pr", "create", ".", "--branch", "x", "--title", "Best [x](y) `z`", "--body", "b",
        "--user-name", "Bot", "--user-email", "bot@example.org", "--auto-merge",
    )  # fmt: skip

    first = hub.clone.call(*words, "--json")
    hub.patch.setenv("GIT_COMMITTER_DATE", "2040-01-01T00:00:00Z")
    hub.clone.write("params.yaml", "depth: 10\n")
    again = hub.clone.call(*words, "--md")
    same = hub.clone.call("pr", "create", "report.md", "--json")

    opened = json.loads(first.out)
    assert (opened["is_new"], opened["head"]) == (True, "x"), first.err
    assert (
        again.out == f"[Best  x  y   z ](https://github.com/{hub.name}/pull/{opened['number']})\n"
    )
    assert (same.code, same.out) == (0, "null\n"), same.out
    assert "--auto-merge has no effect" in first.err
    assert hub.clone.git("-C", str(bare), "show", "x:params.yaml") == "depth: 10"
    assert hub.clone.git("status", "--porcelain") == "M params.yaml"
    assert hub.judged.problems == []
