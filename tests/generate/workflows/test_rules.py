"""Rules that every generated workflow keeps; tests/house/checklist.py says which item is which."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from tests.generate.workflows.combinations import all_asked, all_jobs, all_texts, all_workflows

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


@functools.cache
def jobs() -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple((f"{path}: {name}", job) for path, name, job in all_jobs())


@functools.cache
def steps() -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple((where, step) for where, job in jobs() for step in job["steps"])


def conditions() -> Iterator[tuple[str, str]]:
    for where, holder in [*jobs(), *steps()]:
        if "if" in holder:
            yield where, str(holder["if"])


def texts_of(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from texts_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts_of(value)
    elif isinstance(node, str):
        yield node


def test_runs_have_a_name_that_tells_what_woke_them() -> None:
    assert [
        p for p, w in all_workflows().items() if not (w["name"] and "github." in w["run-name"])
    ] == []


def test_manual_runs_have_typed_inputs() -> None:
    for path, workflow in all_workflows().items():
        if "-monitor" in path:
            # Nothing to ask for: a look is a look.
            assert workflow[True]["workflow_dispatch"] is None, path
            continue
        inputs = workflow[True]["workflow_dispatch"]["inputs"]
        assert all("type" in each and "description" in each for each in inputs.values()), path
        is_search = "-tune" in path
        assert set(inputs) == (
            {"reason", "round"} if is_search else {"force", "reason", "model", "pr"}
        )


def test_a_merge_queue_is_served_wherever_pull_requests_are() -> None:
    for path, workflow in all_workflows().items():
        events = workflow[True]
        assert ("merge_group" in events) == ("pull_request" in events), path


def test_conditions_ask_for_what_every_event_has() -> None:
    known = re.compile(
        r"github\.(?:event_name|ref|repository|event\.pull_request\.head\.repo\.full_name)\b"
        r"|needs\.[\w-]+\.(?:result|outputs\.[\w-]+)|steps\.[\w-]+\.outputs\.[\w-]+"
        r"|runner\.(?:environment|os)|(?:cancelled|always)\(\)|'[^']*(?:''[^']*)*'"
    )
    for where, said in conditions():
        rest = known.sub("", said)
        assert re.fullmatch(r"[\s!=&|()]*", rest), (where, rest)


def test_conditions_of_jobs_use_contexts_that_are_there() -> None:
    for where, job in jobs():
        assert not re.search(r"\b(?:secrets|env|runner|steps|matrix)\.", str(job.get("if", ""))), (
            where
        )


def test_conditions_are_expressions_and_nothing_else() -> None:
    assert [where for where, said in conditions() if "${{" in said] == []


def test_no_expression_looks_for_a_text_in_a_text_or_chooses_an_empty_one() -> None:
    for path, text in all_texts().items():
        found = " ".join(EXPRESSION.findall(text)) + " ".join(
            c for w, c in conditions() if path in w
        )
        assert "contains(" not in found, path
        assert not re.search(r"&&\s*''\s*\|\|", found), path


def test_matrices_are_written_out_and_one_leg_does_not_end_another() -> None:
    for where, job in jobs():
        strategy = job.get("strategy")
        if strategy:
            assert strategy["fail-fast"] is False, where
            matrix = strategy["matrix"]
            if where.endswith(": train"):
                assert matrix == "${{ fromJSON(needs.decide.outputs.matrix) }}", where
                assert "needs.decide.outputs.should-train == 'true'" in job["if"], where
                continue
            assert all(isinstance(axis, list) for axis in matrix.values()), where


def test_no_workflow_calls_another() -> None:
    assert [where for where, job in jobs() if "uses" in job] == []


def test_the_name_of_the_gate_never_changes() -> None:
    names = {job["name"] for where, job in jobs() if where.endswith(": gate")}
    assert names == {"branchline gate", "branchline gate a/b", "branchline gate c"}
    assert all(job["if"] == "always()" for where, job in jobs() if where.endswith(": gate"))


def test_rights_to_write_are_given_with_a_reason() -> None:
    for path, text in all_texts().items():
        bare = [
            line
            for line in text.splitlines()
            if re.fullmatch(r"\s+(?!permission-)[a-z-]+: write", line)
        ]
        assert bare == [], path


def test_branches_and_tags_are_written_by_jobs_that_run_no_code_of_the_repository() -> None:
    writers = {
        where.rpartition(": ")[2]
        for where, job in jobs()
        if job["permissions"].get("contents") == "write"
    }
    # What deploys runs the default branch's code, and tags what stands where.
    assert writers == {
        *("report", "register", "open", "tell"),
        *("deploy-staging", "deploy-production"),
    }


def test_an_app_gives_a_token_for_what_is_needed_and_no_more() -> None:
    given = [
        s["with"] for _, s in steps() if s.get("uses", "").startswith("actions/create-github-app")
    ]

    assert given
    for inputs in given:
        rights = {name for name in inputs if name.startswith("permission-")}
        assert rights == {"permission-contents", "permission-pull-requests"}
        assert "owner" not in inputs
        assert "skip-token-revoke" not in inputs


def test_identity_is_only_proven_by_jobs_that_take_the_role() -> None:
    for where, job in jobs():
        takes = any(step["name"] == "credentials of AWS" for step in job["steps"])
        assert (job["permissions"].get("id-token") == "write") == takes, where


def test_scripts_set_no_variable_and_no_path_for_later_steps() -> None:
    for where, step in steps():
        script = step.get("run", "")
        assert "GITHUB_ENV" not in script, where
        assert "GITHUB_PATH" not in script, where
        # What a script writes itself is a constant; all else goes by `branchline ci plan`.
        for line in script.splitlines():
            assert "GITHUB_OUTPUT" not in line or re.search(r"unfinished=|name=\$name\"", line), (
                where
            )


def test_names_of_artifacts_and_caches_hold_nothing_that_a_person_chose() -> None:
    allowed = re.compile(
        r"needs\.[\w-]+\.outputs\.results|steps\.results\.outputs\.name|github\.(?:run_attempt|sha|run_id)"
        r"|runner\.(?:os|arch)|steps\.python\.outputs\.python-version|hashFiles\([^)]*\)|\|\|"
    )
    for where, step in steps():
        inputs = step.get("with", {})
        for name in ("name", "key", "restore-keys"):
            for said in EXPRESSION.findall(str(inputs.get(name, ""))):
                assert allowed.sub("", said).strip() == "", (where, said)


def test_every_shell_is_named_and_ends_at_an_error() -> None:
    assert {str(w["defaults"]) for w in all_workflows().values()} == {"{'run': {'shell': 'bash'}}"}


def test_nothing_is_piped_into_a_shell_and_no_container_is_used() -> None:
    for where, job in jobs():
        assert not {"container", "services"} & set(job), where
    for where, step in steps():
        assert not re.search(r"\|\s*(?:sudo\s+)?(?:ba)?sh\b", step.get("run", "")), where


def test_groups_name_the_model_and_what_the_run_is_about() -> None:
    for path, workflow in all_workflows().items():
        group = workflow["concurrency"]["group"]
        assert group.startswith("branchline-"), path
        assert "github.ref" in group, path
        own = [
            job["concurrency"]["group"] for job in workflow["jobs"].values() if "concurrency" in job
        ]
        assert group not in own, path


def test_only_runs_of_pull_requests_end_older_ones() -> None:
    for path, workflow in all_workflows().items():
        ends = workflow["concurrency"]["cancel-in-progress"]
        assert ends in (False, "${{ github.event_name == 'pull_request' }}"), path
        for name, job in workflow["jobs"].items():
            assert job.get("concurrency", {}).get("cancel-in-progress", False) is False, (
                path,
                name,
            )


def test_registrations_queue_where_the_server_knows_how() -> None:
    for number, (choice, asked) in enumerate(all_asked()):
        for path in asked.files:
            job = all_workflows().get(f"{number}/{path}", {}).get("jobs", {}).get("register")
            if job:
                is_known = dict(choice)["server"] != "enterprise"
                assert ("queue" in job["concurrency"]) == is_known, choice


def test_an_enterprise_server_gets_nothing_that_it_does_not_know() -> None:
    for number, (choice, _) in enumerate(all_asked()):
        if dict(choice)["server"] == "enterprise":
            texts = [text for path, text in all_texts().items() if path.startswith(f"{number}/")]
            assert not any("queue:" in text or "$/" in text for text in texts)


def test_secrets_are_named_one_by_one_and_no_output_is_made_of_one() -> None:
    for path, text in all_texts().items():
        assert "toJSON(secrets" not in text, path
        assert "secrets: inherit" not in text, path
    for where, job in jobs():
        assert "secrets." not in str(job.get("outputs", "")), where


def test_secrets_are_in_no_name_command_or_artifact() -> None:
    for where, job in jobs():
        outside = {key: value for key, value in job.items() if key != "steps"}
        assert "secrets." not in " ".join(texts_of(outside)), where
    for where, step in steps():
        is_app = step.get("uses", "").startswith("actions/create-github-app")
        inputs = "" if is_app else " ".join(texts_of(step.get("with", {})))
        assert "secrets." not in inputs + step.get("run", "") + step["name"], where


def test_artifacts_are_of_one_attempt_and_end() -> None:
    for where, step in steps():
        if step.get("uses", "").startswith("actions/upload-artifact"):
            inputs = step["with"]
            is_of_attempt = "github.run_attempt" in inputs["name"]
            # test_scripts.py looks at the step that makes this name.
            assert is_of_attempt or inputs["name"] == "${{ steps.results.outputs.name }}", where
            assert inputs["if-no-files-found"] == "error", where
            assert 1 <= inputs["retention-days"] <= 90, where
            assert "include-hidden-files" not in inputs, where


def test_models_are_registered_from_the_default_branch_after_the_gate_in_an_environment() -> None:
    for where, job in jobs():
        if where.endswith(": register"):
            # With several models each is judged for itself: none waits for the gate of all.
            waits = [n for n in job["needs"] if n == "gate" or n.startswith("check-")]
            path = where.partition(":")[0]
            checks = [n for n in all_workflows()[path]["jobs"] if n.startswith("check-")]
            assert waits == ["gate"] or waits == checks, where
            assert all(f"needs.{n}.result == 'success'" in job["if"] for n in waits), where
            assert "github.ref == 'refs/heads/" in job["if"], where
            assert job["environment"], where


def test_own_machines_are_named_by_more_than_their_being_own() -> None:
    labels = [job["runs-on"] for _, job in jobs()]

    assert any("self-hosted" in each for each in labels)
    assert [each for each in labels if each in ("self-hosted", ["self-hosted"])] == []


def test_schedules_say_their_time_zone_and_what_github_does_with_them() -> None:
    for path, workflow in all_workflows().items():
        if "schedule" in workflow[True]:
            assert "In UTC" in all_texts()[path], path
            assert "60 days" in all_texts()[path], path


def test_what_decides_by_content_asks_for_no_commit_before() -> None:
    assert [path for path, text in all_texts().items() if "github.event.before" in text] == []


def test_no_script_runs_code_of_others() -> None:
    used = {step["uses"].partition("@")[0] for _, step in steps() if "uses" in step}

    assert used <= {
        "actions/checkout", "actions/setup-python", "actions/cache", "actions/cache/restore",
        "actions/cache/save", "actions/upload-artifact", "actions/download-artifact",
        "actions/create-github-app-token",
    }  # fmt: skip
