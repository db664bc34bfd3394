"""Sections of branchline.yaml on when, how and where a model trains, and what it must reach.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.kinds import (
    DURATION_KIND,
    SHARE_KIND,
    SIZE_KIND,
    Choice,
    Flag,
    Key,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Section,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Path, Report

TEXTS = ListOf(Text())
COMMAND = Text("a command", is_command=True)
EFFECTS = Choice(("register", "deploy", "tag", "notify", "promote"))

AUTHOR = r"[^<>\x00-\x1f]*[^<>\s\x00-\x1f] <[^<>\s\x00-\x1f]+>"

PULL_REQUEST = Section(
    {
        "branch": Key(
            Text("a branch; {commit}, {branch} and {model} are filled in"),
            "Branch that is pushed.",
            required=True,
        ),
        "into": Key(
            Text("a branch; {default} is the default branch"),
            "Branch that the pull request asks to merge into.",
            "{default}",
        ),
        "title": Key(Text(), "Title; {commit}, {branch}, {model} are filled in."),
        "author": Key(
            Text("a name and an address, as in `HP Bot <hp-bot@example.org>`", AUTHOR),
            "Who writes its commit.",
            "Branchline <branchline@localhost>",
        ),
        "draft": Key(Flag(), "Open it as a draft.", default=False),
        "labels": Key(TEXTS, "Labels to set."),
        "mode": Key(
            Choice(("approve", "dispatch", "app")),
            "How the training of a pull request that the bot opened starts; unless set, `dispatch`"
            " on GitHub and `approve` on a box.",
        ),
    }
)

BRANCH = Section(
    {
        "do": Key(
            Choice(("train", "tune", "nothing")), "What a push to the branch starts.", required=True
        ),
        "then": Key(
            ListOf(EFFECTS),
            "Effects after a verdict that passed: on the default branch register a version and give"
            " it a stage (promote, deploy), on any branch tag the commit `passed/RUN`.",
        ),
        "fast_forward_only": Key(
            Flag(),
            "Refuse pushes that drop commits, delete the branch, or bring what is not on `source`.",
            default=False,
        ),
        "source": Key(
            Text("a branch"),
            "Where commits of a `fast_forward_only` branch come from; else the default branch.",
        ),
        "open_pull_request": Key(PULL_REQUEST, "Pull request to open with the result."),
    },
    words="a rule such as {do: train}",
)


def _pattern_rule(pattern: str) -> str:
    from branchline.core.trigger.patterns import PatternError, is_negative, parts_of

    if is_negative(pattern):
        return "takes nothing out; write the rule without `!`, with {do: nothing}, before others"
    try:
        parts_of(pattern)
    except PatternError as error:
        return f"is no branch pattern: {error}"
    return ""


BRANCHES = MapOf(BRANCH, "branch patterns", name_rule=_pattern_rule)

PULL_REQUESTS = Section(
    {
        "into": Key(
            TEXTS,
            "Branches whose pull requests are looked at; {default} is the default branch.",
            ["{default}"],
        ),
        "do": Key(Choice(("train", "tune", "nothing")), "What they start.", "train"),
        "forks": Key(
            Choice(("plan", "train", "nothing")), "What pull requests from forks start.", "plan"
        ),
    }
)


def _metric_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    if "computed_as" in value:
        _computed_as_rule(value["computed_as"], path, report)
    low, high = value.get("min"), value.get("max")
    if low is not None and high is not None and low > high:
        report.wrong(
            (*path, "min"), f"is {low}, above `max` {high}: nothing can pass; swap or drop one"
        )
    bars = ("min", "max", "max_regression", "max_relative_regression", "min_gain")
    if not any(name in value for name in bars):
        known = ", ".join(f"`{name}`" for name in bars)
        report.wrong(path, f"sets no bar, so it can never fail; add one of {known}")
    if any(name in value for name in bars[2:]):
        from branchline.config.sections.better import goal_rule

        computed_as = value.get("computed_as", "")
        goal_rule(str(path[-1]), value.get("goal"), path, report, computed_as=computed_as)


_FUNCTION = r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*"


def _computed_as_rule(value: str, path: Path, report: Report) -> None:
    """A metric that is known, or `module:function`."""
    import re

    from branchline.core.evidence.find import nearest_name
    from branchline.core.verdict.noise.metrics import KNOWN_NAMES, known_metric

    if known_metric("", value) is not None or re.fullmatch(_FUNCTION, value):
        return
    near = nearest_name(value, list(KNOWN_NAMES))
    meant = f"did you mean `{near}`? " if near else ""
    report.wrong(
        (*path, "computed_as"),
        f"is `{value}`, which is no known metric; {meant}Known: {', '.join(KNOWN_NAMES)}; or a"
        " function of yours as `module:function`",
    )


METRIC = Section(
    {
        "min": Key(Number(), "Lowest value that passes, in the metric's unit."),
        "max": Key(Number(), "Highest value that passes, in the metric's unit."),
        "max_regression": Key(
            Number(low=0),
            "Tolerated loss against the baseline, in the metric's unit, inclusive.",
        ),
        "max_relative_regression": Key(
            SHARE_KIND, "Tolerated loss as a share of the baseline's value."
        ),
        "min_gain": Key(
            Number(low=0),
            "Wanted gain over the baseline, in the metric's unit; 0 asks for any proven gain.",
        ),
        "computed_as": Key(
            Text("a metric"),
            "What the metric is where its name does not say: `roc_auc`, or `module:function`.",
        ),
        "goal": Key(
            Choice(("maximize", "minimize")),
            "Which way is better; of a known metric as it is by nature (`rmse`: minimize), else as"
            " its name tells. Asked for where a bar compares and the name tells nothing.",
        ),
        "primary": Key(Flag(), "The metric that decides; others guard.", default=False),
    },
    words="a rule such as {min: 0.9, max_regression: 0.01}",
    rule=_metric_rule,
)

GATE = Section(
    {
        "baseline": Key(
            Text("a registry alias"), "Alias of the model to compare with.", "production"
        ),
        "metrics": Key(MapOf(METRIC, "metrics"), "Bars by metric, dotted as in the metrics files."),
        "data": Key(
            OneOf((Text("a file or folder"), TEXTS)),
            "The evaluation set; inferred from the stage that writes the metrics when not set.",
        ),
        "predictions": Key(
            Section(
                {
                    "path": Key(Text("a file"), "File with one row an example.", required=True),
                    "target": Key(Text("a column"), "Column of the truth.", required=True),
                    "score": Key(
                        OneOf((Text("a column"), TEXTS)),
                        "Column of the model's score, or a list with one column a class.",
                    ),
                    "prediction": Key(
                        Text("a column"), "Column of the model's decision, or of its value."
                    ),
                    "id": Key(Text("a column"), "Column that names the example."),
                    "group": Key(Text("a column"), "Column of clusters (users, patients)."),
                    "query": Key(Text("a column"), "Column of the query, for ranking."),
                    "weight": Key(Text("a column"), "Column of weights."),
                }
            ),
            "Per-example predictions; they make the comparison statistical.",
        ),
        "confidence": Key(
            Number(above=0.5, below=1), "Confidence of each answer, one-sided.", 0.95
        ),
        "replicates": Key(
            Section(
                {
                    "seed": Key(
                        Text("a parameter"), "Parameter that holds the seed.", required=True
                    ),
                    "max": Key(Number(low=1, whole=True), "Most runs with other seeds.", 5),
                    "budget": Key(DURATION_KIND, "Most time for them."),
                }
            ),
            "Further trainings to tell training noise from a change.",
        ),
        "slices": Key(
            OneOf((Text("a column"), TEXTS)),
            "Columns of the predictions by whose values the metrics are judged too.",
        ),
        "min_rows": Key(
            Number(low=1, whole=True), "Examples that a slice must have to be judged.", 200
        ),
        "selftest": Key(
            Flag(),
            "Test the gate itself before the first model of a name (`branchline gate selftest`).",
            default=True,
        ),
        "accept": Key(
            ListOf(
                Choice(
                    (
                        "shuffled_labels",
                        "constant_metric",
                        "champion_against_itself",
                        "train_test_overlap",
                        "single_feature",
                        "too_good",
                    )
                )
            ),
            "Probes of the self-test that may fail: it was looked into, and is fine.",
        ),
        "on_inconclusive": Key(
            Choice(("warn", "fail", "approve")),
            "What a verdict does that the noise leaves open.",
            "warn",
        ),
    }
)

STAGE_RESOURCES = Section(
    {
        "executor": Key(Text("an executor's name"), "Where the stage runs.", "local"),
        "cpus": Key(Number(above=0), "Processors.", 1),
        "gpus": Key(Number(low=0, whole=True), "GPUs.", 0),
        "memory": Key(SIZE_KIND, "Memory it may use; no limit when not set."),
        "timeout": Key(DURATION_KIND, "Time after which it is stopped; never when not set."),
        "retries": Key(Number(low=0, whole=True), "How often a failed stage is tried again.", 0),
        "runs_on": Key(TEXTS, "Runner labels in GitHub Actions."),
    }
)

_SIGNIFICANT = Choice(("significant", "ignore"))
CHANGES = Section(
    {
        "docstrings": Key(
            _SIGNIFICANT, "Whether an edited docstring matters to the model.", "significant"
        ),
        "annotations": Key(_SIGNIFICANT, "Whether an edited annotation matters.", "significant"),
        "import_order": Key(_SIGNIFICANT, "Whether reordered imports matter.", "significant"),
        "code": Key(TEXTS, "Further folders or globs of code that every stage depends on."),
        "ignore": Key(TEXTS, "Globs of code that never matters to the model."),
        "trace": Key(
            Choice(("audit", "strace", "off")),
            "How the files that a stage reads are observed.",
            "audit",
        ),
    }
)

LINK = Choice(("reflink", "hardlink", "symlink", "copy"))
STORE = OneOf(
    (
        Text("a URL or folder"),
        Section(
            {
                "url": Key(Text("a URL or folder"), "Where outputs are kept besides this machine."),
                "endpoint_url": Key(
                    Text("a URL"), "Server that speaks S3, where it is not Amazon's."
                ),
                "region": Key(Text("a region"), "Region of a bucket of S3."),
                "profile": Key(Text("a profile"), "Profile of AWS's own configuration files."),
                "link": Key(LINK, "How outputs get from the store into the workspace.", "reflink"),
            },
            words="{url: ..., endpoint_url: ...}",
        ),
    )
)

TEST = Section(
    {
        "name": Key(Text(), "Name of the test, as reported; made of its command when not set."),
        "run": Key(COMMAND, "Command; exit code 0 passes.", required=True),
        "timeout": Key(DURATION_KIND, "Time after which it is stopped."),
        "deps": Key(
            OneOf((Text("a file or folder"), TEXTS)),
            "What it reads besides its code, the outputs and the evaluation data. What Python reads"
            " is seen without it, and so is a file that the command names.",
        ),
    }
)
