"""Which models share a workflow, and what the files of those are."""

from __future__ import annotations

import pytest
import yaml
from tests.generate.workflows.combinations import asked_of

from branchline.core.plan.ci_machines import MOST_LEGS
from branchline.errors import ConfigError

FOLDER = ".github/workflows/"


def files_of(text: str) -> list[str]:
    return [path.removeprefix(FOLDER) for path in asked_of(text).files if path.startswith(FOLDER)]


@pytest.mark.parametrize(
    ("text", "files"),
    [
        pytest.param("models: {a: {}, b: {}, c: {}}", ["branchline.yml"], id="all-alike"),
        pytest.param("model: a", ["branchline.yml"], id="one-model-has-no-matrix"),
        pytest.param(
            "models: {a: {}, b: {}, c: {environment: {lock: c.txt}}}",
            ["branchline.yml", "branchline-c.yml"],
            id="another-environment-stands-apart",
        ),
        pytest.param(
            "models: {a: {}, b: {resources: {train: {runs_on: [self-hosted, gpu]}}}}",
            ["branchline-a.yml", "branchline-b.yml"],
            id="another-machine-stands-apart",
        ),
        pytest.param(
            "models: {a: {}, b: {}, c: {github: {python: '3.13'}}, d: {github: {python: '3.13'}}}",
            ["branchline.yml", "branchline-c-and-like.yml"],
            id="two-kinds",
        ),
        pytest.param(
            "models: {a: {}, b: {}, c: {github: {matrix: false}}}",
            ["branchline.yml", "branchline-c.yml"],
            id="one-that-asks-for-its-own",
        ),
        pytest.param(
            "models: {a: {resources: {train: {timeout: 1h}}}, b: {gate: {metrics: {x: {min: 0}}}}}",
            ["branchline.yml"],
            id="times-and-bars-may-differ",
        ),
    ],
)
def test_the_files(text: str, files: list[str]) -> None:
    assert files_of(text + "\n") == files


def test_the_longest_time_and_all_extras_count() -> None:
    asked = asked_of(
        "models: {a: {resources: {train: {timeout: 1h}}}, b: {resources: {train: {timeout: 2h}},"
        " gate: {metrics: {x: {min: 0}}}}}\n"
    )

    (group,) = asked.groups
    job = yaml.safe_load(asked.files[f"{FOLDER}branchline.yml"])["jobs"]["train"]
    assert job["timeout-minutes"] == group.facts.parts[0].minutes == 135
    assert group.facts.extras == ("gate",)


def test_a_search_starts_the_workflow_that_trains_its_model_with_others() -> None:
    tune = "tune: {objective: {metric: auc}, space: {lr: [1, 2]}}\n"
    asked = asked_of(f"models: {{a: {{}}, b: {{}}}}\n{tune}")

    assert files_of(f"models: {{a: {{}}, b: {{}}}}\n{tune}") == [
        "branchline.yml", "branchline-tune-a.yml", "branchline-tune-b.yml",
    ]  # fmt: skip
    assert "--workflow branchline.yml --with-model" in asked.files[f"{FOLDER}branchline-tune-a.yml"]


@pytest.mark.parametrize("count", [MOST_LEGS, MOST_LEGS + 1])
def test_a_matrix_has_at_most_as_many_legs_as_github_takes(count: int) -> None:
    text = "models: {" + ", ".join(f"m{number}: {{}}" for number in range(count)) + "}\n"

    if count > MOST_LEGS:
        with pytest.raises(ConfigError, match=r"257 models share one workflow.*256"):
            asked_of(text)
    else:
        assert files_of(text) == ["branchline.yml"]


def test_nothing_of_one_model_is_left_in_the_text() -> None:
    asked = asked_of(
        "models: {a: {}, b: {}}\nchecks: [{name: lint, run: ruff check .}]\nstore: s3://b/p\n"
    )

    jobs = yaml.safe_load(asked.files[f"{FOLDER}branchline.yml"])["jobs"]
    assert list(jobs) == ["decide", "check-1", "train", "report", "gate", "register"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    models = {step["env"]["MODEL"] for step in steps if "MODEL" in step.get("env", {})}
    assert models == {"${{ inputs.model }}", "${{ matrix.model }}"}
    assert jobs["train"]["strategy"]["fail-fast"] is False
    assert "outputs" not in jobs["train"]
    assert jobs["gate"]["name"] == "branchline gate"


def test_why_a_model_stands_apart_is_said_in_words_of_the_settings() -> None:
    asked = asked_of(
        "models: {a: {}, b: {}, c: {environment: {lock: c.txt}}, d: {github: {matrix: false}}}\n"
        "store: s3://b/p\n"
    )

    said = [note for note in asked.notes if "of its own" in note]
    assert said == ["c has a workflow of its own: `environment.lock` differs from a"]
    assert asked.gates == ("branchline gate", "branchline gate c", "branchline gate d")


def test_checks_that_differ_by_their_folder_alone_are_said_to() -> None:
    asked = asked_of(
        "models:\n"
        '  a: {checks: [{name: lint, run: "cd a\\nruff check ."}]}\n'
        '  b: {checks: [{name: lint, run: "cd b\\nruff check ."}]}\n'
        '  c: {checks: [{name: lint, run: "cd c\\nmypy"}]}\n'
    )

    said = [note for note in asked.notes if "of its own" in note]

    why = "its `checks` run in its folder (below `models:` in the root all share them)"
    assert said == [
        f"a has a workflow of its own: {why}",
        f"b has a workflow of its own: {why}",
        "c has a workflow of its own: `checks` differs from a",
    ]
