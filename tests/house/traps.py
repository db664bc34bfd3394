"""The seventeen traps of common tutorials: which test or finding holds each. Data only.

`test_traps_are_held.py` sees to it that each test exists and each finding is documented.
"""

from __future__ import annotations

from dataclasses import dataclass

TRAPS = "tests/flows/traps/test_workflow.py"
FACTS = "tests/generate/workflows/test_facts.py"
JUDGED = "tests/generate/workflows/test_judged.py"
HOST = "tests/generate/workflows/test_on_this_host.py"
DOCTOR = "tests/flows/test_doctor_github.py"
ONE_TRAP = f"{TRAPS}::test_a_trap_is_found_at_its_line"
A_FINDING = f"{DOCTOR}::test_a_finding_says_what_to_do"


@dataclass(frozen=True)
class Row:
    """One trap.

    Attributes:
        trap: In a few words.
        tests: `file::test` that hold it. findings: Kinds of `branchline doctor`.
        why_none: Why there is no test; "" where there is one.
    """

    trap: str
    tests: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    why_none: str = ""


ROWS = {
    1: Row(
        "branches `models` and `models/*` side by side",
        (
            "tests/servers/test_push.py::test_branches_that_cannot_stand_side_by_side",
            "tests/core/trigger/test_refnames.py::test_conflict",
            "tests/flows/traps/test_branches.py"
            "::test_a_branch_that_the_remote_cannot_hold_is_named_and_what_is_typed_mends_it",
        ),
        ("branch-in-the-way",),
    ),
    2: Row(
        "a pull request by GITHUB_TOKEN starts its training",
        (
            ONE_TRAP,
            f"{DOCTOR}::test_the_mode_in_force_is_named_with_what_would_happen",
            "tests/flows/test_ci_pull.py"
            "::test_the_branch_is_pushed_and_its_pull_request_opened_and_trained_once",
            "tests/cli/test_ci_on_github.py"
            "::test_a_search_opens_its_pull_request_and_starts_its_training",
        ),
        ("pull-request-that-waits",),
    ),
    3: Row(
        "options that CML and DVC do not have",
        (
            ONE_TRAP,
            "tests/flows/traps/test_command_options.py::test_the_options_are_those_of_dvc",
            "tests/cli/test_cml_commands.py::test_files_become_one_pull_request_in_a_workflow",
        ),
        ("no-such-option",),
    ),
    4: Row(
        "github.head_ref on pushes",
        (
            ONE_TRAP,
            f"{TRAPS}::test_a_branch_is_compared_with_what_a_pull_request_does_not_have",
            f"{HOST}::test_jobs",
        ),
        ("head-ref-on-push", "ref-on-pull-request"),
    ),
    5: Row(
        "training/* and train/*",
        (
            f"{TRAPS}::test_branches_that_exist_and_are_passed_over",
            "tests/core/trigger/test_rules.py::test_the_first_rule_that_matches_decides",
        ),
        ("two-spellings", "star-and-slash"),
    ),
    6: Row(
        "merge into the training branch, or into main",
        (
            "tests/core/effects/test_openings.py"
            "::test_what_the_rule_asks_for_may_be_opened_as_the_rule_says",
        ),
    ),
    7: Row(
        "3.10 is 3.1",
        (
            ONE_TRAP,
            f"{JUDGED}::test_versions_stay_texts",
            f"{FACTS}::test_refusals",
        ),
        ("version-as-number",),
    ),
    8: Row(
        "a job named by the short hash, twice",
        ("tests/flows/test_run.py::test_a_forced_run_of_a_recorded_commit_is_recorded_beside_it",),
        why_none="jobs of a cloud are not started by this version",
    ),
    9: Row(
        "on.push.paths forgets what failed",
        (
            ONE_TRAP,
            "tests/e2e/acceptance/test_acceptance_events.py"
            "::test_a7_after_a_failed_run_a_docs_commit_trains",
            f"{JUDGED}::test_no_paths_on_a_workflow_with_the_required_check",
        ),
        ("path-filter",),
    ),
    10: Row(
        "a job without runs-on",
        (ONE_TRAP, f"{JUDGED}::test_all_judges_are_content"),
        ("job-without-runner",),
    ),
    11: Row(
        "a role for repo:OWNER/NAME:*",
        (
            "tests/flows/traps/test_trust.py::test_a_wide_subject_is_found_at_its_line",
            "tests/flows/traps/test_trust.py::test_what_we_write_is_none",
            "tests/generate/workflows/test_suggestions.py"
            "::test_only_jobs_of_the_environments_may_take_the_role",
        ),
        ("wide-trust",),
    ),
    12: Row(
        "combinations left out by hearsay",
        (
            f"{FACTS}::test_combinations_that_are_left_out_do_not_count",
            f"{FACTS}::test_refusals",
        ),
    ),
    13: Row("a garbled bill", why_none="a fault of a text, which no tool can meet"),
    14: Row(
        "prices that changed",
        ("tests/cli/test_tune_study.py::test_time_and_money_end_it_with_what_was_found",),
    ),
    15: Row(
        "a gate on one number",
        (
            "tests/core/verdict/noise/test_false_alarms.py"
            "::test_a_harmless_change_is_seldom_called_worse",
            "tests/core/verdict/noise/test_false_alarms.py"
            "::test_a_loss_of_two_points_is_blocked_and_one_of_the_margin_not_passed",
        ),
    ),
    16: Row(
        "a schedule watches around the clock",
        (
            ONE_TRAP,
            A_FINDING,
            f"{DOCTOR}::test_schedules_of_a_private_repository_are_not_switched_off",
            "tests/cli/test_workflows_command.py::test_what_no_workflow_does_is_said_each_time",
            "tests/core/verdict/test_health.py"
            "::test_looks_that_the_schedule_asked_for_and_nobody_made_are_counted",
            "tests/cli/test_ci_scheduled.py::test_when_drift",
        ),
        ("schedule",),
    ),
    17: Row(
        "a required check behind a path filter",
        (
            ONE_TRAP,
            A_FINDING,
            f"{TRAPS}::test_checks_of_a_filtered_workflow_are_named_as_github_names_them",
            f"{HOST}::test_jobs",
        ),
        ("path-filter",),
    ),
}
