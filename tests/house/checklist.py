"""The checklist for workflows that a program writes: what holds each of its 75 items. Data only.

`held` names tests (`file::test`); `judge` one of the judges, which look at every pair of options
(`test_judged.py::test_all_judges_are_content`); `why` says why an item does not apply, or what is
done instead. `test_the_checklist_is_held.py` sees to it that every test exists. Items from 43 on
stand in `checklist_state.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

RULES = "tests/generate/workflows/test_rules.py"
JUDGED = "tests/generate/workflows/test_judged.py"
FACTS = "tests/generate/workflows/test_facts.py"
HOST = "tests/generate/workflows/test_on_this_host.py"
SCRIPTS = "tests/generate/workflows/test_scripts.py"
SUGGESTED = "tests/generate/workflows/test_suggestions.py"
COMMAND = "tests/cli/test_workflows_command.py"
CI = "tests/cli/test_ci_command.py"
JOB = "tests/adapters/actions/test_job.py"
TRAPS = "tests/flows/traps/test_workflow.py"

LANGUAGE, SCHEMA, ZIZMOR, SHELL = "language service", "JSON schema", "zizmor", "shellcheck"


@dataclass(frozen=True)
class Item:
    """One item.

    Attributes:
        text: In a few words. held: Tests. judge: Of the rig. why: Not held here, and why.
    """

    text: str
    held: tuple[str, ...] = ()
    judge: str = ""
    why: str = ""


STRUCTURE = {
    1: Item(
        "valid; name, run-name; each job a name, a runner, a limit",
        (
            f"{RULES}::test_runs_have_a_name_that_tells_what_woke_them",
            f"{JUDGED}::test_every_job_has_a_name_a_limit_and_rights_of_its_own",
        ),
        f"{LANGUAGE}, {SCHEMA}",
    ),
    2: Item("the auditor finds nothing", judge=ZIZMOR),
    3: Item(
        "the same text again; a header; edits and drift are seen",
        (
            f"{JUDGED}::test_the_same_settings_make_the_same_text",
            f"{COMMAND}::test_an_edit_is_not_lost",
            f"{COMMAND}::test_other_settings_are_shown_and_written",
            f"{TRAPS}::test_our_own_workflows_have_none_and_an_edit_of_one_is_seen",
        ),
    ),
    4: Item(
        "no paths where a check may be required",
        (f"{JUDGED}::test_no_paths_on_a_workflow_with_the_required_check",),
    ),
    5: Item(
        "merge queue; typed inputs",
        (
            f"{RULES}::test_a_merge_queue_is_served_wherever_pull_requests_are",
            f"{RULES}::test_manual_runs_have_typed_inputs",
        ),
    ),
    6: Item("no dangerous event", (f"{JUDGED}::test_dangerous_events_wake_nothing",)),
    7: Item(
        "head_ref on pull requests, ref on pushes",
        (
            f"{RULES}::test_conditions_ask_for_what_every_event_has",
            f"{TRAPS}::test_our_own_workflows_have_none_and_an_edit_of_one_is_seen",
        ),
    ),
    8: Item(
        "only contexts that are there",
        (f"{RULES}::test_conditions_of_jobs_use_contexts_that_are_there",),
        LANGUAGE,
    ),
    9: Item(
        "conditions without a fence",
        (f"{RULES}::test_conditions_are_expressions_and_nothing_else",),
        ZIZMOR,
    ),
    10: Item(
        "no contains of a text",
        (f"{RULES}::test_no_expression_looks_for_a_text_in_a_text_or_chooses_an_empty_one",),
        ZIZMOR,
    ),
    11: Item(
        "no choice of an empty text",
        (f"{RULES}::test_no_expression_looks_for_a_text_in_a_text_or_chooses_an_empty_one",),
        ZIZMOR,
    ),
    12: Item(
        "matrix of at most 256, none empty, one leg does not end another",
        (
            f"{FACTS}::test_refusals",
            f"{FACTS}::test_combinations_that_are_left_out_do_not_count",
            f"{RULES}::test_matrices_are_written_out_and_one_leg_does_not_end_another",
        ),
    ),
    13: Item("levels of reusable workflows", (f"{RULES}::test_no_workflow_calls_another",)),
    14: Item(
        "a gate that always runs and looks at each result",
        (f"{SCRIPTS}::test_gate", f"{HOST}::test_jobs"),
    ),
    15: Item("a stable name of the gate", (f"{RULES}::test_the_name_of_the_gate_never_changes",)),
    16: Item(
        "globs that cross a slash; one spelling",
        (
            f"{FACTS}::test_the_first_rule_that_matches_is_the_last_pattern_of_github",
            f"{TRAPS}::test_branches_that_exist_and_are_passed_over",
        ),
    ),
}
PERMISSIONS = {
    17: Item(
        "nothing at the top, the least in each job, a reason for each write",
        (
            f"{JUDGED}::test_every_job_has_a_name_a_limit_and_rights_of_its_own",
            f"{RULES}::test_rights_to_write_are_given_with_a_reason",
        ),
        ZIZMOR,
    ),
    18: Item(
        "what runs code writes nothing",
        (f"{JUDGED}::test_what_runs_code_of_the_repository_may_write_nothing",),
    ),
    19: Item(
        "pull requests are written by one job",
        (
            f"{JUDGED}::test_pull_requests_are_written_by_one_job_of_a_workflow",
            f"{JUDGED}::test_what_may_write_checks_out_the_default_branch_and_restores_no_cache",
        ),
    ),
    20: Item(
        "contents are written by few jobs",
        (
            f"{RULES}"
            "::test_branches_and_tags_are_written_by_jobs_that_run_no_code_of_the_repository",
        ),
    ),
    21: Item(
        "no checkout keeps the token", (f"{JUDGED}::test_no_checkout_keeps_the_token",), ZIZMOR
    ),
    22: Item(
        "forks reach neither secrets nor own machines",
        (
            f"{JUDGED}::test_code_of_forks_never_reaches_a_machine_of_the_team",
            f"{HOST}::test_code_of_a_fork_reaches_no_own_machine",
            f"{FACTS}::test_refusals",
        ),
    ),
    23: Item(
        "the app's token is narrow",
        (f"{RULES}::test_an_app_gives_a_token_for_what_is_needed_and_no_more",),
        ZIZMOR,
    ),
    24: Item(
        "no personal token",
        (f"{JUDGED}::test_secrets_are_only_in_jobs_with_an_environment",),
        why="none is written; a team that wants one has no key for it",
    ),
    25: Item(
        "identity in one job, for an exact subject",
        (
            f"{RULES}::test_identity_is_only_proven_by_jobs_that_take_the_role",
            f"{SUGGESTED}::test_only_jobs_of_the_environments_may_take_the_role",
            "tests/flows/traps/test_trust.py::test_what_we_write_is_none",
        ),
    ),
    26: Item(
        "the report is a job of its own, with a token of its own",
        (f"{HOST}::test_each_job_has_the_rights_that_it_declares",),
    ),
}
INJECTION = {
    27: Item(
        "no expression in a script", (f"{JUDGED}::test_no_script_holds_an_expression",), ZIZMOR
    ),
    28: Item("nor one of env", (f"{JUDGED}::test_no_script_holds_an_expression",), ZIZMOR),
    29: Item(
        "outputs that hold one value",
        (
            f"{JOB}::test_no_value_sets_another_output",
            f"{JOB}::test_whatever_a_value_holds_it_is_one_output",
            f"{RULES}::test_scripts_set_no_variable_and_no_path_for_later_steps",
        ),
    ),
    30: Item(
        "no variable and no path for later steps",
        (f"{RULES}::test_scripts_set_no_variable_and_no_path_for_later_steps",),
        ZIZMOR,
    ),
    31: Item(
        "no hostile name in files, caches, artifacts",
        (
            f"{RULES}::test_names_of_artifacts_and_caches_hold_nothing_that_a_person_chose",
            f"{FACTS}::test_hostile_texts_stay_texts",
            f"{SCRIPTS}::test_an_artifact_has_a_name_that_github_takes",
            f"{CI}::test_a_hostile_branch_changes_nothing_but_a_sentence",
        ),
    ),
    32: Item(
        "no argument passes for an option",
        (f"{SCRIPTS}::test_a_search_goes_on_in_another_run",),
        why="values follow an option that takes one; branch names that begin with `-` are none",
    ),
    33: Item(
        "no script of github-script",
        (f"{RULES}::test_no_script_runs_code_of_others",),
    ),
    34: Item(
        "bash, which ends at an error",
        (f"{RULES}::test_every_shell_is_named_and_ends_at_an_error",),
        SHELL,
        "`shell: bash` is -eo pipefail; without -u, for checks of a team run in the same shell",
    ),
}
SUPPLY = {
    35: Item(
        "actions of GitHub at a commit",
        (f"{JUDGED}::test_only_actions_of_github_at_a_commit",),
        ZIZMOR,
    ),
    36: Item("no action of others", (f"{RULES}::test_no_script_runs_code_of_others",)),
    37: Item(
        "Dependabot with a cooldown",
        (
            f"{COMMAND}::test_suggestions_are_printed",
            f"{SUGGESTED}::test_scripts_and_dependabot_are_clean",
        ),
        ZIZMOR,
    ),
    38: Item(
        "tools from a locked file; our own version pinned",
        (f"{COMMAND}::test_what_was_written_stands",),
        why="our version is pinned; hashes are in the team's own `github.requirements`",
    ),
    39: Item(
        "images by digest",
        (f"{RULES}::test_nothing_is_piped_into_a_shell_and_no_container_is_used",),
    ),
    40: Item(
        "nothing piped into a shell",
        (f"{RULES}::test_nothing_is_piped_into_a_shell_and_no_container_is_used",),
    ),
    41: Item(
        "local actions by $/",
        (f"{JUDGED}::test_another_repository_calls_it_in_fifteen_lines",),
        LANGUAGE,
        "no local action is used; the caller of a reusable workflow is judged with `$/`",
    ),
    42: Item(
        "owners of workflows, bars and data",
        (
            f"{SUGGESTED}::test_owners_review_what_decides",
            f"{SUGGESTED}::test_where_nobody_is_named_no_line_counts_and_nobody_is_made_up",
        ),
    ),
}
BEFORE_THE_RUN = {**STRUCTURE, **PERMISSIONS, **INJECTION, **SUPPLY}
