"""What a workflow does otherwise than it seems to is found at its line, and nothing else is."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.generate.workflows.combinations import asked_of, pairwise, settings_of

from branchline.flows.traps import Trap, filtered_jobs, traps_of_workflow

FILE = ".github/workflows/train.yml"
SOUND = """\
name: train
on:
  push:
    branches: [main, 'train/**']
  pull_request:
    branches: [main]
  schedule:
    - cron: '17 2 * * 1'
concurrency:
  group: train-${{ github.head_ref || github.ref }}
jobs:
  test:
    if: startsWith(github.head_ref || github.ref_name, 'train/')
    runs-on: ubuntu-24.04
    strategy:
      matrix:
        python: ['3.9', '3.10', 3.11]
        seed: [1, 2]
        share: [0.1, 0.25]
        include:
          - {python: '3.10', torch: '2.0'}
    steps:
      - uses: actions/setup-python@v7
        with:
          python-version: ${{ matrix.python }}
      - run: |
          dvc pull -r store && dvc repro -f tuning
          dvc metrics diff main --md >> report.md
          # dvc run --old
          cml comment create --publish=false report.md
      - env:
          GH_TOKEN: ${{ secrets.APP_TOKEN }}
        run: gh pr create --fill
  called:
    uses: ./.github/workflows/other.yml
"""


def found(text: str, *branches: str) -> list[Trap]:
    return traps_of_workflow(FILE, text.encode(), branches=branches)


def told(text: str, *branches: str) -> list[tuple[str, int, bool]]:
    return [(trap.kind, trap.line, trap.is_certain) for trap in found(text, *branches)]


def changed(old: str, new: str) -> str:
    assert SOUND.count(old) == 1
    return SOUND.replace(old, new)


def line_of(text: str, part: str) -> int:
    (line,) = [n for n, line in enumerate(text.splitlines(), 1) if part in line]
    return line


def test_a_sound_workflow_has_none() -> None:
    assert found(SOUND, "main", "train/a/b", "feature") == []


CASES = [
    pytest.param(
        changed("'3.9', '3.10', 3.11", "3.9, 3.10, 3.11"),
        "version-as-number", "python: [3.9", "python: 3.10 is a number, and means 3.1",
        "Quote it: '3.10'.", id="versions-of-a-matrix",
    ),
    pytest.param(
        changed("torch: '2.0'", "torch: 2.0"),
        "version-as-number", "torch:", "means 2", "'2.0'", id="a-version-of-an-addition",
    ),
    pytest.param(
        changed("python-version: ${{ matrix.python }}", "python-version: 3.20"),
        "version-as-number", "python-version", "means 3.2", "'3.20'", id="input-of-an-action",
    ),
    pytest.param(
        changed("  called:\n    uses: ./.github/workflows/other.yml", "  called:\n    steps: []"),
        "job-without-runner", "called:", "job `called` has no `runs-on`", "ubuntu-24.04",
        id="no-runner",
    ),
    pytest.param(
        changed("github.head_ref || github.ref_name", "github.head_ref"),
        "head-ref-on-push", "startsWith(", "empty on push, schedule: it holds for pull requests",
        "(github.head_ref || github.ref_name)", id="head-ref-for-both",
    ),
    pytest.param(
        changed("  pull_request:\n    branches: [main]\n", "").replace(
            "github.head_ref || github.ref_name", "github.head_ref"
        ),
        "head-ref-on-push", "startsWith(", "it never holds", "Write github.ref_name instead",
        id="head-ref-for-a-push-alone",
    ),
    pytest.param(
        changed("github.head_ref || github.ref }}", "github.head_ref }}"),
        "head-ref-on-push", "group:", "share one group", "github.head_ref || github.ref",
        id="one-group-for-all-pushes",
    ),
    pytest.param(
        changed("'17 2 * * 1'", "'0 2 * * 1'"),
        "schedule", "cron:", "start of an hour", "'17 2 * * 1'", id="start-of-an-hour",
    ),
    pytest.param(
        changed("'17 2 * * 1'", "'@weekly'"),
        "schedule", "cron:", "has 1 fields instead of 5", "five fields", id="no-cron-of-github",
    ),
    pytest.param(
        changed("'17 2 * * 1'", "'17 2 30 2 *'"),
        "schedule", "cron:", "which never comes", "five fields", id="30-february",
    ),
    pytest.param(
        changed("dvc metrics diff main --md", "dvc metrics diff main --show-md"),
        "no-such-option", "--show-md", "`dvc metrics diff` has no option --show-md", "Write --md.",
        id="option-that-dvc-had",
    ),
    pytest.param(
        changed("# dvc run --old", "dvc run -n train python train.py"),
        "no-such-option", "dvc run", "gone since DVC 3", "dvc stage add", id="command-that-dvc-had",
    ),
    pytest.param(
        changed(
            "cml comment create --publish=false report.md",
            "cml pr create \\\n            --title x --file best_params.yaml",
        ),
        "no-such-option", "cml pr create", "`cml pr create` has no option --file",
        "branchline pr create --file", id="option-that-cml-never-had",
    ),
    pytest.param(
        changed("secrets.APP_TOKEN", "secrets.GITHUB_TOKEN"),
        "pull-request-that-waits", "gh pr create", "starts no workflow by itself",
        "gh workflow run", id="pull-request-by-the-jobs-token",
    ),
    pytest.param(
        changed("      - env:\n          GH_TOKEN: ${{ secrets.APP_TOKEN }}\n"
                "        run: gh pr create --fill",
                "      - uses: peter-evans/create-pull-request@v8"),
        "pull-request-that-waits", "peter-evans", "starts no workflow by itself",
        "GitHub App", id="pull-request-by-an-action",
    ),
    pytest.param(
        changed("    branches: [main, 'train/**']", "    branches: [main]\n    paths: [src/**]"),
        "path-filter", "paths:", "also where that one failed", "branchline ci plan",
        id="paths-of-a-push",
    ),
    pytest.param(
        changed("    branches: [main]\n", "    paths-ignore: [docs/**]\n"),
        "path-filter", "paths-ignore:", "waits for it for ever", "branchline ci plan",
        id="paths-of-a-pull-request",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "part", "sentence", "todo"), CASES)
def test_a_trap_is_found_at_its_line(
    text: str, kind: str, part: str, sentence: str, todo: str
) -> None:
    (trap,) = found(text)

    assert (trap.kind, trap.line) == (kind, line_of(text, part))
    assert trap.place == f"{FILE}:{trap.line}"
    assert sentence in trap.sentence
    assert todo in trap.todo


def test_a_branch_is_compared_with_what_a_pull_request_does_not_have() -> None:
    text = (
        "on: pull_request\njobs:\n  a:\n    runs-on: x\n"
        "    if: github.ref == 'refs/heads/main'\n  b:\n    runs-on: x\n"
        "    if: github.ref == 'refs/pull/3/merge' || github.base_ref == 'main'\n"
    )

    assert told(text) == [("ref-on-pull-request", 5, True)]


def test_an_event_that_is_somebody_elses_is_not_judged() -> None:
    text = (
        "on: [workflow_call]\njobs:\n  a:\n    runs-on: x\n    if: github.head_ref == 'tuning/x'\n"
    )

    assert found(text) == []


def test_a_path_filter_of_a_workflow_that_does_not_train_is_what_it_seems() -> None:
    text = (
        "on:\n  push:\n    paths: [docs/**]\njobs:\n"
        "  a:\n    runs-on: x\n    steps: [{run: make docs}]\n"
    )

    assert found(text) == []


@pytest.mark.parametrize(
    ("patterns", "branch", "kind"),
    [
        pytest.param("['train/*']", "train/ada/lr", "star-and-slash", id="star-ends-at-a-slash"),
        pytest.param("['training/*']", "train/x", "two-spellings", id="train-and-training"),
        pytest.param("['train/**']", "training/x", "two-spellings", id="training-and-train"),
    ],
)
def test_branches_that_exist_and_are_passed_over(patterns: str, branch: str, kind: str) -> None:
    text = f"on:\n  push:\n    branches: {patterns}\njobs: {{}}\n"

    assert told(text, branch, "main", "docs/train/x") == [(kind, 3, False)]
    assert found(text.replace(patterns, "['train/**', 'training/**']"), branch) == []


def test_checks_of_a_filtered_workflow_are_named_as_github_names_them() -> None:
    text = (
        "on:\n  pull_request:\n    paths: [src/**]\n"
        "jobs:\n  a:\n    name: unit tests\n  b:\n    uses: ./x.yml\n"
    )

    assert filtered_jobs(text.encode()) == [("unit tests", 3), ("b", 3)]
    assert filtered_jobs(text.replace("pull_request", "push").encode()) == []


def test_our_own_workflows_have_none_and_an_edit_of_one_is_seen() -> None:
    texts = [
        (path, text)
        for choice in pairwise()
        for path, text in asked_of(settings_of(choice)).files.items()
        if path.endswith(".yml")
    ]

    (edited,) = traps_of_workflow(texts[0][0], (texts[0][1] + "# mine\n").encode())
    assert (edited.kind, edited.line) == ("edited-by-hand", 1)
    for path, text in texts:
        assert traps_of_workflow(path, text.encode(), branches=["main"]) == []


def test_a_schedule_of_ours_is_changed_in_the_settings() -> None:
    asked = asked_of("model: m\nretrain: {schedule: '0 2 * * 1'}\n")

    (trap,) = traps_of_workflow(FILE, asked.files[".github/workflows/branchline.yml"].encode())

    assert "retrain.schedule in branchline.yaml" in trap.todo


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00", id="no-text"),
        pytest.param(b"a: [", id="no-yaml"),
        pytest.param(b"[" * 5_000, id="deep"),
        pytest.param(b"- just\n- a list\n", id="a-list"),
        pytest.param(b"on: {push: {branches: ['[']}}\njobs: {a: null, b: [], c: x}", id="odd"),
        pytest.param(
            b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\njobs: {j: {runs-on: x, steps: *c}}",
            id="aliases",
        ),
        pytest.param(b'jobs: {j: {runs-on: x, steps: [{run: "dvc \'unclosed"}]}}', id="no-shell"),
    ],
)
def test_what_is_no_workflow_has_none(content: bytes) -> None:
    assert traps_of_workflow(FILE, content, branches=["train/x"]) == []
    assert filtered_jobs(content) == []


_TEXTS = st.sampled_from(
    ["on", "push", "pull_request", "paths", "branches", "schedule", "cron", "jobs", "if", "steps",
     "run", "uses", "with", "strategy", "matrix", "include", "concurrency", "group", "env",
     "github.head_ref", "dvc repro --x", "cml pr --file", "3.10", "*/5 * * * *", "train/*"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=25,
)


@given(_VALUES)
def test_whatever_stands_in_a_file_every_finding_says_where_and_what_to_do(value: object) -> None:
    text = yaml.safe_dump(value)

    for trap in found(text, "train/a/b", "main"):
        assert 1 <= trap.line <= len(text.splitlines())
        assert trap.sentence
        assert trap.todo
