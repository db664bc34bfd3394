"""The shell reads branch rules as Python does, or asks Python."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.config.branchline_yaml import default_config
from branchline.core.policy import BranchRule, Do
from branchline.core.trigger.patterns import PatternError, matches, parts_of
from branchline.core.trigger.rules import rule_for
from branchline.generate.branch_rules import ASK, rules_text, shell_pattern

SHELLS = [name for name in ("sh", "dash", "bash") if shutil.which(name)]
PIECES = ("a", "b", "x1", "/", "/", "*", "*", "**", "a?", "b+", "[ab]", r"\*", "-", "main")
pattern_texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
name_texts = st.lists(
    st.sampled_from(("a", "b", "x1", "/", "-", "main")), min_size=1, max_size=6
).map("".join)


def is_valid(pattern: str) -> bool:
    try:
        parts_of(pattern)
    except PatternError:
        return False
    return True


def sources_by_shell(shell: str, text: str, names: list[str]) -> list[list[str]]:
    """What `sources_of` says of names."""
    script = text + 'set -f\nfor name in "$@"; do sources_of "$name"; echo "$sources"; done\n'
    done = subprocess.run(
        [shell, "-c", script, "sh", *names], capture_output=True, text=True, check=True
    )
    return [line.split() for line in done.stdout.split("\n")[: len(names)]]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_built_in_rules_in_the_shell(shell: str) -> None:
    rules = default_config("m").of().policy.branches
    text = rules_text([rules], default_branch="main", commit="c", blob="")
    names = ["main", "models", "models/a/b", "models-x", "models-x/y", "train/x", "modelsx", "a"]

    found = sources_by_shell(shell, text, names)

    assert found == [[], ["main"], ["main"], ["main"], [], [], [], []]


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    patterns=st.lists(
        st.tuples(pattern_texts.filter(is_valid), st.booleans()), min_size=1, max_size=4
    ),
    names=st.lists(name_texts, min_size=1, max_size=6),
)
def test_any_rules_in_the_shell(
    shell: str, patterns: list[tuple[str, bool]], names: list[str]
) -> None:
    rules = tuple(
        BranchRule(pattern=pattern, do=Do.TRAIN, fast_forward_only=is_protected)
        for pattern, is_protected in patterns
    )
    text = rules_text([rules], default_branch="main", commit="", blob="")

    for name, sources in zip(names, sources_by_shell(shell, text, names), strict=True):
        rule = rule_for(name, rules)
        is_protected = rule is not None and rule.fast_forward_only
        # Asking Python is always allowed, being wrong never.
        assert sources == [ASK] or sources == (["main"] if is_protected else [])


@given(pattern_texts.filter(is_valid), name_texts)
def test_a_pattern_that_is_not_exact_is_wider(pattern: str, name: str) -> None:
    before, glob, is_exact = shell_pattern(pattern)
    arms = f"{before}) echo no ;; " if before else ""
    script = f'case "$1" in {arms}{glob}) echo yes ;; *) echo no ;; esac'
    done = subprocess.run(
        ["sh", "-c", script, "sh", name], capture_output=True, text=True, check=True
    )
    says = done.stdout == "yes\n"

    assert says == matches(pattern, name) if is_exact else says >= matches(pattern, name)


@pytest.mark.parametrize("pattern", ["main", "models/**", "models/*", "release-*", "**", "a/*/b"])
def test_usual_patterns_need_no_python(pattern: str) -> None:
    assert shell_pattern(pattern)[2]


def test_two_models_protect_both() -> None:
    one = (BranchRule(pattern="a", do=Do.TRAIN, fast_forward_only=True, source="x"),)
    two = (
        BranchRule(pattern="a", do=Do.TRAIN, fast_forward_only=True),
        BranchRule(pattern="b", do=Do.TRAIN, fast_forward_only=True),
    )
    text = rules_text([one, two, one], default_branch="main", commit="", blob="")

    assert sources_by_shell("sh", text, ["a", "b"]) == [["x", "main"], ["main"]]


def test_nothing_of_a_rule_is_run() -> None:
    rules = (
        BranchRule(pattern="a'; echo ran; '$(echo ran)", do=Do.TRAIN, fast_forward_only=True),
        BranchRule(pattern="b", do=Do.TRAIN, fast_forward_only=True, source="$(echo ran)"),
    )
    text = rules_text([rules], default_branch="ma'in", commit="", blob="")

    assert sources_by_shell("sh", text, ["a", "b"]) == [[], [ASK]]
