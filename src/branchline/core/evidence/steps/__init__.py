"""Station `evidence`: what a training reports while it runs, read from logs of many kinds."""

from branchline.core.evidence.steps.forms import PRINTED_WORD, Form, Member, form_of, member_of
from branchline.core.evidence.steps.parsers import StepParser, parser_of
from branchline.core.evidence.steps.summary import summary_steps
from branchline.core.evidence.steps.values import Step, tidy_name

__all__ = [
    "PRINTED_WORD",
    "Form",
    "Member",
    "Step",
    "StepParser",
    "form_of",
    "member_of",
    "parser_of",
    "summary_steps",
    "tidy_name",
]
