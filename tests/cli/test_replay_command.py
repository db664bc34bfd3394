"""`branchline replay`, as a user types it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests import ready_branchline
from tests.replay_histories import FILES, IDENTITY, History, git, write

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
    return ready_branchline.call(words, cwd=root, env=environ)


def replayed(root: Path, *words: str) -> dict[str, Any]:
    done = run(root, "replay", "--json", *words)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def policy(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(p for p in found["policies"] if p["policy"] == name)


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Start, a document, a comment, another weight, back again."""
    history = History(tmp_path / "work", 1)
    history._document()
    (history.root / "train.py").write_text(FILES["train.py"] + "# why\n")
    history.commit("a comment")
    (history.root / "lib" / "weights.py").write_text("WEIGHT = 5\n")
    history.commit("another weight")
    (history.root / "lib" / "weights.py").write_text(FILES["lib/weights.py"])
    history.commit("back again")
    return history


def test_what_each_push_would_have_trained(history: History) -> None:
    found = replayed(history.root)

    answers = [push["models"][0]["answer"] for push in found["pushes"]]
    assert answers == ["train", "skip", "skip", "train", "reuse"]
    reasons = [push["models"][0]["reason"] for push in found["pushes"]]
    assert reasons[2].startswith("train: ") is False
    assert "comment" in reasons[2]
    assert "`lib/weights.py` changed in meaning" in reasons[3]
    assert "made the result for exactly these inputs" in reasons[4]


def test_the_rules_of_branches_that_come_built_in_count(history: History) -> None:
    """`main` trains by a rule; of a branch that none names it is said that this is assumed."""
    git(history.root, "branch", "other")

    main, other = (replayed(history.root, "--branch", name)["notes"] for name in ("main", "other"))

    assert [note for note in main if "no rule of" in note] == []
    assert "no rule of `branches:` speaks of `other`: taken as `do: train`" in other


def test_what_the_filter_of_the_own_workflow_would_have_done(history: History) -> None:
    found = replayed(history.root, "--minutes", "10")

    own, filtered, always = (policy(found, name) for name in ("branchline", "train.yml", "always"))
    assert (always["trainings"], filtered["trainings"], own["trainings"]) == (5, 2, 2)
    assert filtered["needless"] == 1  # the comment in train.py
    (missed,) = filtered["missed"]
    assert missed["changed"] == ["lib/weights.py"]
    assert missed["why_not"] == "no changed file matches a path"
    assert (always["minutes"], own["saved_minutes"]) == (50, 30)
    assert found["price"]["name"] == "github-linux"  # runs-on: ubuntu-latest
    assert own["saved_usd"] == pytest.approx(30 * 0.006)
    assert any("taken for what trains" in note for note in found["notes"])


def test_without_a_duration_no_number_is_made_up(history: History) -> None:
    found = replayed(history.root, "--price", "2")

    assert {p["minutes"] for p in found["policies"]} == {None}
    assert {p["usd"] for p in found["policies"]} == {None}
    assert any("no run is recorded" in note for note in found["notes"])


@pytest.mark.slow
def test_durations_of_recorded_runs_count(history: History) -> None:
    assert run(history.root, "run").returncode == 0

    found = replayed(history.root, "--price", "60")

    always, own = policy(found, "always"), policy(found, "branchline")
    assert 0 < own["minutes"] < always["minutes"] < 5
    assert always["usd"] == pytest.approx(always["minutes"])


def test_a_window_of_time_starts_from_what_stood_before(history: History) -> None:
    second = git(history.root, "rev-parse", "HEAD~3")

    since = replayed(history.root, "--since", second)
    days = replayed(history.root, "--since", "2026-01-01", "--until", "2026-01-01")
    nothing = replayed(history.root, "--since", "2027-01-01")

    assert [push["models"][0]["answer"] for push in since["pushes"]] == ["skip", "train", "reuse"]
    assert len(days["pushes"]) == 5
    assert nothing["pushes"] == []


def test_a_window_may_start_and_end_at_what_a_merge_brought(history: History) -> None:
    history._merge()
    history._document()
    git(history.root, "tag", "side", "HEAD~1^2")
    root = git(history.root, "rev-list", "--max-parents=0", "HEAD")

    since = replayed(history.root, "--since", "side")
    until = replayed(history.root, "--since", root, "--until", "side")

    assert [push["subject"] for push in since["pushes"]] == ["merge side", "write documents"]
    assert until["pushes"][-1]["subject"] == "back again"


def test_the_table_and_the_page(history: History) -> None:
    page = history.root / "replay.html"

    done = run(history.root, "replay", "--minutes", "10", "--html", str(page), "-n", "2")

    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "5 pushes to `main`, 2026-01-01" in text
    assert "Missed: the model changed" in text
    assert "and 3 older pushes: -n 0 lists all" in text
    assert "Branchline would have trained twice where every push trains 5 times: 40% of it" in text
    assert "\x1b" not in text
    html = page.read_text()
    assert "1 change of a model missed" in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "").replace('xmlns="http', "")


def test_several_models_of_one_repository(tmp_path: Path) -> None:
    root = tmp_path / "mono"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    write(
        root,
        {
            "branchline.yaml": (
                "models:\n  a: {train: python3 a.py}\n  b: {train: python3 b.py}\n"
            ),
            "a.py": "import shared\n",
            "b.py": "import own\n",
            "shared.py": "X = 1\n",
            "own.py": "Y = 1\n",
        },
    )
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    write(root, {"own.py": "Y = 2\n"})
    git(root, "commit", "-q", "-am", "b only")

    found = replayed(root)

    (last,) = found["pushes"][1:]
    assert {m["model"]: m["answer"] for m in last["models"]} == {"a": "skip", "b": "train"}
    assert policy(found, "always")["trainings"] == 4
    assert policy(found, "branchline")["trainings"] == 3


def test_older_history_is_planned_with_the_settings_of_today(tmp_path: Path) -> None:
    root = tmp_path / "old"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    write(root, {"train.py": "print(1)\n"})
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "before adoption")
    write(root, {"train.py": "print(2)\n"})
    git(root, "commit", "-q", "-am", "a change")
    write(root, {"branchline.yaml": "model: old\ntrain: python3 train.py\n"})

    found = replayed(root)

    assert [push["models"][0]["answer"] for push in found["pushes"]] == ["train", "train"]
    assert any("`branchline.yaml` as it is today (2 of 2 pushes)" in n for n in found["notes"])
    assert git(root, "status", "--porcelain") == "?? branchline.yaml"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param({"train.py": "def (:\n"}, "train.py", id="code-that-cannot-be-parsed"),
        pytest.param({"dvc.yaml": "stages: [\n"}, "dvc.yaml", id="a-pipeline-that-cannot-be-read"),
        pytest.param({"dvc.yaml": "stages: {}\n"}, "no stage is declared", id="no-stage"),
        pytest.param(
            {"dvc.yaml": FILES["dvc.yaml"].replace("raw.csv", "s3://bucket/raw.csv")},
            "s3://bucket/raw.csv",
            id="data-outside",
        ),
        pytest.param(
            {"dvc.yaml": FILES["dvc.yaml"].replace("raw.csv", "gone.csv")},
            "gone.csv",
            id="data-that-are-nowhere",
        ),
    ],
)
def test_what_cannot_be_known_trains_every_time(
    history: History, files: dict[str, str], reason: str
) -> None:
    write(history.root, files)
    history.commit("a slip")
    history._document()

    slip, document = replayed(history.root)["pushes"][-2:]

    for push in (slip, document):
        assert push["models"][0]["answer"] == "unknown"
        assert reason in push["models"][0]["reason"]


def test_an_empty_commit_asks_for_a_training(history: History) -> None:
    git(history.root, "commit", "-q", "--allow-empty", "-m", "train, please", day=50)

    last = replayed(history.root)["pushes"][-1]["models"][0]

    assert (last["answer"], last["reason"]) == ("train", "prepare: requested by an empty commit")
    assert policy(replayed(history.root), "train.yml")["missed"][-1]["changed"] == [
        "lib/weights.py"
    ]


def test_a_submodule_that_moves_may_change_anything(history: History) -> None:
    def stand(commit: str) -> None:
        git(history.root, "update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
        git(history.root, "commit", "-q", "-m", "submodule", day=60)

    (history.root / "sub").mkdir()
    stand("1" * 40)
    stand("2" * 40)

    answers = [push["models"][0] for push in replayed(history.root)["pushes"][-2:]]

    assert [answer["answer"] for answer in answers] == ["train", "train"]
    assert "submodule `sub`" in answers[-1]["reason"]


def test_a_replay_leaves_everything_as_it_was(history: History) -> None:
    refs = git(history.root, "for-each-ref")

    replayed(history.root)

    assert git(history.root, "for-each-ref") == refs
    assert git(history.root, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("--branch", "nope"), 2, "no branch `nope`", id="no-such-branch"),
        pytest.param(("--since", "last week"), 2, "neither a revision", id="no-day"),
        pytest.param(("--policy", "sometimes"), 2, "is no policy", id="no-policy"),
        pytest.param(("--policy", "paths:!a"), 2, "lets files in", id="a-filter-of-nothing"),
        pytest.param(("--policy", "workflow:x.yml"), 2, "train.yml", id="no-such-workflow"),
        pytest.param(("--price", "cheap"), 2, "github-gpu", id="no-such-price"),
        pytest.param(("--minutes", "0"), 2, "above 0", id="no-minutes"),
        pytest.param(("--prices", "none.toml"), 2, "cannot be read", id="no-price-table"),
        pytest.param(("--html", "no/where.html"), 2, "does not exist", id="no-folder"),
        pytest.param(("-n", "-1"), 2, "negative", id="a-negative-number"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    history: History, words: tuple[str, ...], code: int, said: str
) -> None:
    done = run(history.root, "replay", *words)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_repository(tmp_path: Path) -> None:
    done = run(tmp_path, "replay")

    assert done.returncode == 1
    assert "not inside a git repository" in done.stderr


@pytest.mark.slow
def test_what_a_run_was_seen_to_read_counts_in_the_past_too(tmp_path: Path) -> None:
    root = tmp_path / "seen"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    code = (
        "import json\n"
        "name = 'conf/' + ''.join(['a', '.', 'txt'])\n"
        "json.dump({'x': len(open(name).read())}, open('metrics.json', 'w'))\n"
    )
    write(
        root,
        {
            "branchline.yaml": "model: m\ntrain: python3 train.py\n",
            "train.py": code,
            "conf/a.txt": "1",
            ".gitignore": ".branchline/\nmetrics.json\n",
        },
    )
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    write(root, {"conf/a.txt": "22"})
    git(root, "commit", "-q", "-am", "a file whose name is put together at run time")
    before = replayed(root)
    assert run(root, "run").returncode == 0

    after = replayed(root)

    assert [push["models"][0]["answer"] for push in before["pushes"]] == ["train", "skip"]
    assert [push["models"][0]["answer"] for push in after["pushes"]] == ["train", "train"]
    assert "`conf/a.txt`, which the last run read, changed" in str(after["pushes"][1])


def test_a_made_environment_counts_as_its_files_and_no_index_is_asked(tmp_path: Path) -> None:
    write(tmp_path, {
        "branchline.yaml": "model: m\nenvironment: {make: always}\ntrain: python train.py\n",
        "requirements.txt": "no-such-package-anywhere\n", "train.py": "x = 1\n",
    })  # fmt: skip
    git(tmp_path, "init", "-q", "-b", "main")
    for text in ("no-such-package-anywhere\n", "# why\nno-such-package-anywhere\n", "other\n"):
        write(tmp_path, {"requirements.txt": text})
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", "one")

    found = replayed(tmp_path)

    answers = [push["models"][0]["answer"] for push in found["pushes"]]
    assert answers == ["train", "skip", "train"]


def test_a_repository_without_a_commit_and_one_without_a_declaration_say_what_to_do(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    empty = run(tmp_path, "replay")
    write(tmp_path, {"train.py": "x = 1\n"})
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")

    (push,) = replayed(tmp_path)["pushes"]

    assert empty.returncode == 2
    assert "`main` has no commit yet" in empty.stderr
    assert "`branchline init` writes branchline.yaml" in push["models"][0]["reason"]
