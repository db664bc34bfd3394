"""The checklist for workflows that a program writes, from item 43 on. Data only."""

from __future__ import annotations

from tests.house.checklist import BEFORE_THE_RUN, ZIZMOR, Item

RULES = "tests/generate/workflows/test_rules.py"
JUDGED = "tests/generate/workflows/test_judged.py"
FACTS = "tests/generate/workflows/test_facts.py"
HOST = "tests/generate/workflows/test_on_this_host.py"
SCRIPTS = "tests/generate/workflows/test_scripts.py"
COMMAND = "tests/cli/test_workflows_command.py"
CI = "tests/cli/test_ci_command.py"
DEPLOYS = "tests/generate/workflows/test_deploy_job.py"
DEPLOYED = "tests/e2e/test_deploy_on_github.py"
APPLY = "tests/cli/test_ci_apply_command.py"
GITHUB = "tests/cli/test_ci_on_github.py"
JOB = "tests/adapters/actions/test_job.py"
COMMENTS = "tests/adapters/github/test_comments.py"
DOCTOR = "tests/flows/test_doctor_github.py"
HEALTH = "tests/core/verdict/test_health.py"

STATE = {
    43: Item(
        "groups that are each other's never",
        (f"{RULES}::test_groups_name_the_model_and_what_the_run_is_about",),
        ZIZMOR,
    ),
    44: Item(
        "only pull requests end older runs; registrations queue",
        (
            f"{RULES}::test_only_runs_of_pull_requests_end_older_ones",
            f"{RULES}::test_registrations_queue_where_the_server_knows_how",
        ),
    ),
    45: Item(
        "an interrupt ends a training in time",
        (f"{CI}::test_an_interrupted_job_ends_in_time_and_says_so", f"{SCRIPTS}::test_search"),
    ),
    46: Item("remote jobs are cancelled", why="no executor of this version outlives its job"),
    47: Item(
        "no limit beyond GitHub's",
        (
            f"{FACTS}::test_refusals",
            f"{FACTS}::test_the_limit_of_a_training_is_the_sum_of_its_stages_and_a_margin",
        ),
    ),
    48: Item("a label that no machine has", (f"{DOCTOR}::test_a_finding_says_what_to_do",)),
    49: Item(
        "schedules: minute, zone, 60 days, what was dropped",
        (
            f"{RULES}::test_schedules_say_their_time_zone_and_what_github_does_with_them",
            f"{COMMAND}::test_what_no_workflow_does_is_said_each_time",
            f"{DOCTOR}::test_a_finding_says_what_to_do",
            f"{CI}::test_a_schedule_and_a_person_walk_the_default_branch",
            f"{HEALTH}::test_looks_that_the_schedule_asked_for_and_nobody_made_are_counted",
        ),
    ),
    50: Item(
        "decided by records, not by the commit before",
        (
            f"{RULES}::test_what_decides_by_content_asks_for_no_commit_before",
            f"{CI}::test_a_comment_only_change_trains_nothing",
        ),
    ),
    51: Item(
        "requests are few; limits are waited for",
        (
            f"{GITHUB}::test_a_report_takes_few_requests",
            f"{COMMENTS}::test_a_limit_is_waited_for",
        ),
    ),
}
SECRETS = {
    52: Item(
        "secrets one by one, in jobs with an environment",
        (
            f"{JUDGED}::test_secrets_are_only_in_jobs_with_an_environment",
            f"{RULES}::test_secrets_are_named_one_by_one_and_no_output_is_made_of_one",
        ),
        ZIZMOR,
    ),
    53: Item(
        "production for the default branch; another for pull requests",
        (f"{DOCTOR}::test_a_finding_says_what_to_do", f"{JUDGED}::test_all_judges_are_content"),
    ),
    54: Item(
        "what a plan of GitHub lacks is said",
        (f"{COMMAND}::test_what_no_workflow_does_is_said_each_time",),
    ),
    55: Item(
        "derived values are masked",
        (f"{SCRIPTS}::test_credentials_of_aws_are_masked_and_only_in_a_file",),
    ),
    56: Item(
        "no secret in a name, a command, an artifact",
        (
            f"{RULES}::test_secrets_are_in_no_name_command_or_artifact",
            "tests/flows/test_secrets.py::test_a_secret_stands_in_nothing_that_is_shown_or_pushed",
            f"{CI}::test_a_stage_gets_neither_token_nor_the_files_of_the_runner",
        ),
    ),
    57: Item(
        "no output made of a secret",
        (f"{RULES}::test_secrets_are_named_one_by_one_and_no_output_is_made_of_one",),
    ),
}
ARTIFACTS = {
    58: Item(
        "names of one attempt; a missing file is an error; an end",
        (f"{RULES}::test_artifacts_are_of_one_attempt_and_end",),
    ),
    59: Item(
        "a model is more than an artifact",
        ("tests/e2e/test_ci_on_this_host.py::test_a_push_is_trained_told_and_registered",),
        why="the registry has digests and formats; where files are kept is `store`",
    ),
    60: Item(
        "digests before use; nothing unpickled where one may write",
        (
            f"{APPLY}::test_a_record_that_passes_for_another_is_refused",
            "tests/model_tests/test_loading.py::test_a_file_that_no_run_made_is_never_unpickled",
            "tests/cli/test_ci_parts.py::test_an_output_that_was_changed_on_the_way_is_made_again",
        ),
    ),
    61: Item(
        "no cache where one may write",
        (f"{JUDGED}::test_what_may_write_checks_out_the_default_branch_and_restores_no_cache",),
        ZIZMOR,
    ),
    62: Item(
        "one comment, short enough",
        (
            f"{COMMENTS}::test_a_long_report_is_cut_at_a_line",
            f"{COMMENTS}::test_it_is_found_behind_250_others",
            f"{COMMENTS}::test_the_marker_of_somebody_else_is_not_ours",
        ),
    ),
    63: Item("summaries fit", (f"{JOB}::test_a_summary_is_cut_at_a_line_to_what_a_step_may_have",)),
    64: Item(
        "annotations fit", (f"{JOB}::test_annotations_are_escaped_and_ten_the_loudest_first",)
    ),
    65: Item(
        "Markdown is escaped",
        (
            "tests/render/test_markdown.py::test_no_text_leaves_its_place",
            "tests/render/report/test_hostile.py::test_an_attack_in_every_text_stays_text",
        ),
    ),
    66: Item(
        "without a right to write all works",
        (
            f"{CI}::test_without_permission_to_write_everything_works_and_the_loss_is_said",
            f"{CI}::test_a_fork_is_planned_and_not_trained",
        ),
    ),
}
FLOW = {
    67: Item(
        "the training of a search waits for no event",
        (
            f"{GITHUB}::test_a_search_opens_its_pull_request_and_starts_its_training",
            f"{DOCTOR}::test_the_mode_in_force_is_named_with_what_would_happen",
        ),
    ),
    68: Item(
        "the doctor asks GitHub",
        (
            f"{DOCTOR}::test_a_finding_says_what_to_do",
            "tests/adapters/github/test_checkup.py::test_doctor_names_what_is_wrong",
        ),
    ),
    69: Item(
        "head and merge are recorded; the status is the head's",
        (
            f"{CI}::test_a_pull_request_is_recorded_with_head_and_merge",
            f"{GITHUB}::test_a_pull_request_gets_one_comment_and_its_head_a_status",
        ),
    ),
    70: Item(
        "a job that is skipped passes, with a reason",
        (f"{HOST}::test_jobs", f"{SCRIPTS}::test_a_hostile_reason_is_only_printed"),
    ),
    71: Item(
        "registered from the default branch, after the gate, in an environment",
        (
            f"{RULES}"
            "::test_models_are_registered_from_the_default_branch_after_the_gate_in_an_environment",
            f"{HOST}::test_jobs",
            f"{DEPLOYS}::test_each_environment_has_a_job_after_the_one_that_it_needs",
            f"{DEPLOYED}::test_where_the_smoke_test_fails_production_is_untouched",
            f"{DEPLOYED}::test_a_merge_is_registered_and_deployed_to_staging_then_production",
            f"{DEPLOYED}::test_a_branch_deploys_nothing",
        ),
    ),
    72: Item(
        "smoke-tested and rolled back by the same tool, in the same step",
        (
            f"{DEPLOYS}::test_no_cache_is_restored_and_the_tool_is_the_pinned_one",
            f"{DEPLOYED}::test_where_the_smoke_test_fails_production_is_untouched",
        ),
    ),
    73: Item(
        "jobs can run again",
        (
            f"{APPLY}::test_the_forge_is_told_once_and_the_model_is_registered",
            "tests/flows/test_apply.py::test_files_that_the_newest_version_holds_make_no_new_one",
        ),
    ),
    74: Item(
        "own machines: labels, cleaned, private repositories",
        (
            f"{RULES}::test_own_machines_are_named_by_more_than_their_being_own",
            f"{FACTS}::test_refusals",
            f"{DOCTOR}::test_a_finding_says_what_to_do",
        ),
        ZIZMOR,
        "the doctor warns of a public repository; the runner's script ends what a job left",
    ),
    75: Item(
        "Enterprise servers get what they know",
        (f"{RULES}::test_an_enterprise_server_gets_nothing_that_it_does_not_know",),
        why="the server needs the current majors of the actions, as the how-to says",
    ),
}
ITEMS = {**BEFORE_THE_RUN, **STATE, **SECRETS, **ARTIFACTS, **FLOW}
