"""`branchline workflows` in a real repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Clone

FILES = {
    "branchline.yaml": "model: m\ntrain: python train.py\n",
    "train.py": "open('metrics.json', 'w').write('{}')\n",
}
WORKFLOW = ".github/workflows/branchline.yml"


@pytest.fixture
def clone(make_clone: Callable[..., Clone]) -> Clone:
    return make_clone(FILES)


def test_what_was_written_stands(clone: Clone) -> None:
    written = clone.call("workflows", "write")

    assert written.code == 0
    assert f"Wrote {WORKFLOW}." in written.out
    assert "require the check `branchline gate` on main" in written.out
    checked = clone.call("workflows", "check")
    assert (checked.code, checked.out) == (0, "The 2 files are what branchline.yaml asks for.\n")
    assert clone.call("workflows", "write").out == checked.out


def test_nothing_there_is_said_without_showing_it_all(clone: Clone) -> None:
    said = clone.call("workflows", "check")

    assert said.code == 1
    assert f"{WORKFLOW}: is missing" in said.err
    assert said.out == ""
    assert not (clone.root / ".github").exists()


def test_other_settings_are_shown_and_written(clone: Clone) -> None:
    clone.call("workflows", "write")
    clone.write("branchline.yaml", FILES["branchline.yaml"] + "github: {python: '3.11'}\n")

    checked = clone.call("workflows", "check")

    assert checked.code == 1
    assert '+          python-version: "3.11"' in checked.out
    assert "is from other settings" in checked.err
    assert clone.call("workflows", "write").code == 0
    assert clone.call("workflows", "check").code == 0


def test_the_short_form_is_one_file_and_the_long_ones_second_is_removed(clone: Clone) -> None:
    clone.call("workflows", "write")
    clone.write("branchline.yaml", FILES["branchline.yaml"] + "github: {style: minimal}\n")

    outdated = clone.call("workflows", "check")
    written = clone.call("workflows", "write")
    current = clone.call("workflows", "check")

    assert (outdated.code, written.code, current.code) == (1, 0, 0)
    assert "Removed .github/branchline/requirements.txt: it is not asked for" in written.out
    assert current.out == "The file is what branchline.yaml asks for.\n"


@pytest.mark.parametrize(
    ("file", "url", "is_seen"),
    [
        pytest.param("config", "s3://bucket/x", True, id="address"),
        pytest.param("config", "/mnt/models", False, id="folder-of-this-machine"),
        pytest.param("config.local", "s3://bucket/x", False, id="known-to-this-clone-alone"),
    ],
)
def test_the_default_remote_of_dvc_is_a_store(
    clone: Clone, file: str, url: str, is_seen: bool
) -> None:
    clone.write(
        f".dvc/{file}", f"[core]\n    remote = team\n['remote \"team\"']\n    url = {url}\n"
    )

    written = clone.call("workflows", "write")

    pins = (clone.root / ".github/branchline/requirements.txt").read_text()
    assert ("s3fs" in pins) is is_seen
    assert ("AWS_ACCESS_KEY_ID" in written.err) is is_seen
    assert ("DVC names no address" in written.err) is not is_seen
    assert clone.call("workflows", "check").code == 0


def test_an_edit_is_not_lost(clone: Clone) -> None:
    clone.call("workflows", "write")
    text = (clone.root / WORKFLOW).read_text()
    clone.write(WORKFLOW, text + "# mine\n")

    checked, written = clone.call("workflows", "check"), clone.call("workflows", "write")

    assert checked.code == 1
    assert "-# mine" in checked.out
    assert "write --force` writes over it" in checked.err
    assert written.code == 2
    assert "was edited by hand" in written.err
    assert (clone.root / WORKFLOW).read_text().endswith("# mine\n")
    assert clone.call("workflows", "write", "--force").code == 0
    assert (clone.root / WORKFLOW).read_text() == text


def test_ends_of_lines_of_a_checkout_are_no_edit(clone: Clone) -> None:
    clone.call("workflows", "write")
    path = clone.root / WORKFLOW
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    checked = clone.call("workflows", "check")

    assert (checked.code, checked.err) == (0, "")


def test_a_machine_for_trainings_and_for_what_may_write_is_said(clone: Clone) -> None:
    settings = f"{FILES['branchline.yaml']}github: {{runs_on: [self-hosted, box]}}\n"
    clone.write("branchline.yaml", settings)

    same = clone.call("workflows", "write")
    clone.write("branchline.yaml", f"{settings}resources: {{train: {{runs_on: [gpu]}}}}\n")
    other = clone.call("workflows", "write")

    assert (same.code, other.code) == (0, 0)
    assert "run on the same machines as trainings" in same.err
    assert "same machines" not in other.err


def test_without_settings_nothing_is_written(make_clone: Callable[..., Clone]) -> None:
    clone = make_clone({"README.md": "words\n"})

    said = clone.call("workflows", "write")

    assert said.code == 1
    assert "branchline.yaml" in said.err
    assert "branchline init --github" in said.err
    assert not (clone.root / ".github").exists()


def test_a_file_of_somebody_else_stays(clone: Clone) -> None:
    clone.write(WORKFLOW, "name: mine\n")

    said = clone.call("workflows", "write")

    assert said.code == 2
    assert "was not written by Branchline" in said.err
    assert (clone.root / WORKFLOW).read_text() == "name: mine\n"


def test_a_workflow_that_is_not_asked_for_any_more_goes(clone: Clone) -> None:
    clone.write(
        "branchline.yaml",
        "models: {a: {}, b: {}}\ntrain: python train.py\ngithub: {matrix: false}\n",
    )
    clone.call("workflows", "write")
    clone.write(".github/workflows/other.yml", "name: mine\n")
    clone.write("branchline.yaml", FILES["branchline.yaml"])

    said = clone.call("workflows", "write")

    assert "Removed .github/workflows/branchline-a.yml" in said.out
    names = sorted(path.name for path in (clone.root / ".github/workflows").iterdir())
    assert names == ["branchline.yml", "other.yml"]


def test_diff_writes_nothing(clone: Clone) -> None:
    said = clone.call("workflows", "write", "--diff")

    assert said.code == 0
    assert f"+++ b/{WORKFLOW}" in said.out
    assert not (clone.root / ".github").exists()


def test_a_link_out_of_the_repository_is_refused(clone: Clone) -> None:
    outside = clone.root.parent / "outside"
    outside.mkdir()
    (clone.root / ".github").symlink_to(outside)

    said = clone.call("workflows", "write")

    assert said.code == 1
    assert list(outside.iterdir()) == []


def test_init_writes_them_where_asked(make_clone: Callable[..., Clone]) -> None:
    clone = make_clone({"train.py": 'open("model.bin", "wb")\n'})

    said = clone.call("init", "--github", "--yes")

    assert said.code == 0, said.err
    assert (clone.root / WORKFLOW).exists()
    assert clone.call("workflows", "check").code == 0


@pytest.mark.parametrize("other", ["--json", "--diff"])
def test_init_does_not_pass_over_what_was_asked(
    make_clone: Callable[..., Clone], other: str
) -> None:
    clone = make_clone({"train.py": 'open("model.bin", "wb")\n'})

    said = clone.call("init", "--github", other)

    assert said.code == 2
    assert "branchline workflows write" in said.out + said.err
    assert not (clone.root / "branchline.yaml").exists()


def test_suggestions_are_printed(clone: Clone) -> None:
    clone.git("remote", "add", "origin", "git@github.com:acme/tumours.git")
    clone.write(
        "branchline.yaml",
        FILES["branchline.yaml"]
        + "resources: {train: {runs_on: [self-hosted, gpu], gpus: 1}}\n"
        + "github: {owners: ['@a'], aws: {role: 'arn:aws:iam::123456789012:role/t',"
        + " region: eu-central-1}}\n",
    )

    for what, expected in {
        "dependabot": "cooldown:",
        "codeowners": "/.github/ @a",
        "runner": "https://github.com/acme/tumours",
        "aws": "repo:acme/tumours:environment:training",
        "aws-trust": "AssumeRoleWithWebIdentity",
    }.items():
        said = clone.call("workflows", "suggest", what)
        assert said.code == 0, said.err
        assert expected in said.out


def test_what_is_missing_is_said(clone: Clone) -> None:
    assert clone.call("workflows").code == 2
    owners = clone.call("workflows", "suggest", "codeowners").out
    assert "github: {owners:" in owners
    assert all(line.startswith("#") for line in owners.splitlines())
    assert "github: {repository" in clone.call("workflows", "suggest", "aws").err
    other = clone.call("workflows", "suggest", "runner", "--model", "x")
    assert "declares no model `x`" in other.err


def test_what_no_workflow_does_is_said_each_time(clone: Clone) -> None:
    clone.write(
        "branchline.yaml",
        FILES["branchline.yaml"]
        + "monitor: {schedule: '0 */6 * * *', metrics: {auc: {min: 0.9}}, metrics_from: m.json}\n"
        + "deploy: {staging: {run: ./deploy.sh, bake: 10m}}\n"
        + "retrain: {schedule: '0 2 * * 1', when: drift, cooldown: 1d}\n",
    )

    first, again = clone.call("workflows", "write"), clone.call("workflows", "write")

    for said in (first.err, again.err):
        assert "`monitor.schedule` is `0 */6 * * *`: at the start of an hour" in said
        assert "note: `deploy` of branchline.yaml is in no workflow" in said
        assert "`retrain.schedule` is `0 2 * * 1`: at the start of an hour" in said
    assert "secrets of environments need a paid plan" in first.out
    assert '- cron: "0 2 * * 1"' in (clone.root / WORKFLOW).read_text()


def test_a_watch_that_nothing_wakes_is_noted(clone: Clone) -> None:
    watch = "monitor: {metrics: {auc: {min: 0.9}}, metrics_from: m.json}\n"
    drift = "retrain: {schedule: '17 2 * * 1', when: drift}\n"
    clone.write("branchline.yaml", FILES["branchline.yaml"] + watch + drift)
    by_hand = clone.call("workflows", "write")
    clone.write("branchline.yaml", FILES["branchline.yaml"] + drift)
    nobody = clone.call("workflows", "write")

    assert "`monitor` of branchline.yaml has no `schedule`" in by_hand.err
    assert "retrain.when" not in by_hand.err
    assert "`drift`, and there is no `monitor`: nobody looks" in nobody.err


def test_where_all_is_written_nothing_is_noted(clone: Clone) -> None:
    clone.write(
        "branchline.yaml",
        FILES["branchline.yaml"]
        + "retrain: {schedule: '17 2 * * 1', when: always, cooldown: 1d}\n"
        + "store: s3://bucket/prefix\n"
        + "github: {secrets: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]}\n"
        + "monitor: {schedule: '7 */6 * * *', metrics: {auc: {min: 1}}, metrics_from: m.json}\n",
    )

    said = clone.call("workflows", "write")

    assert said.err == ""
    assert ".github/workflows/branchline-monitor.yml" in said.out


def test_models_that_are_alike_have_one_workflow_and_one_gate(clone: Clone) -> None:
    clone.write("branchline.yaml", "models: {a: {}, b: {}}\ntrain: python train.py\n")

    said, checked = clone.call("workflows", "write"), clone.call("workflows", "check")

    assert (said.code, checked.code) == (0, 0)
    assert "require the check `branchline gate` on main" in said.out
    names = sorted(path.name for path in (clone.root / ".github/workflows").iterdir())
    assert names == ["branchline.yml"]


def test_why_a_model_has_a_workflow_of_its_own_is_said(clone: Clone) -> None:
    text = "models: {a: {}, b: {}, c: {github: {secrets: [KEY]}}}\ntrain: python train.py\n"
    clone.write("branchline.yaml", text)

    said = clone.call("workflows", "write")

    assert "require the checks `branchline gate` and `branchline gate c` on main" in said.out
    assert "c has a workflow of its own: " in said.err
    assert "`github.secrets`" in said.err
