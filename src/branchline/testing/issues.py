"""Port `issues`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `IssuesContract` in a test module and give it a fixture `issues`
that returns one of a fresh repository.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from dataclasses import replace

from branchline.ports.issues import Issue, Issues, NewIssue

BEGAN = 1_700_000_000.0


class FakeIssues(Issues):
    """Issues in memory.

    Attributes:
        held: Key -> the issue and its number. open: Numbers of open ones.
        comments: Number -> what was said.
    """

    def __init__(self) -> None:
        self.held: dict[str, tuple[int, NewIssue]] = {}
        self.open: set[int] = set()
        self.comments: dict[int, list[str]] = {}

    def ensure_open(self, issue: NewIssue) -> tuple[Issue, bool]:
        """See the port."""
        known = self.held.get(issue.key)
        number = known[0] if known else len(self.held) + 1
        if known is None:
            self.open.add(number)
        self.held[issue.key] = (number, issue)
        return Issue(number=number, is_open=number in self.open), known is None

    def ensure_closed(self, key: str, *, began: float, comment: str) -> Issue | None:  # noqa: ARG002 # as the port has it
        """See the port."""
        if key not in self.held:
            return None
        number = self.held[key][0]
        if number in self.open:
            self.comments.setdefault(number, []).append(comment)
            self.open.discard(number)
        return Issue(number=number, is_open=False)


class IssuesContract:
    """What every implementation of the port must do."""

    ALARM = NewIssue(key="demo 2026", began=BEGAN, title="demo is degraded", body="`x` drifted")

    def test_an_alarm_has_one_issue(self, issues: Issues) -> None:
        """However often it is told, and whatever is said of it now."""
        first, was_made = issues.ensure_open(self.ALARM)
        again, made_again = issues.ensure_open(replace(self.ALARM, body="`x` and `y` drifted"))

        assert (was_made, made_again) == (True, False)
        assert first == again
        assert first.is_open

    def test_another_alarm_has_another_one(self, issues: Issues) -> None:
        """Also of the same model."""
        first, _ = issues.ensure_open(self.ALARM)
        other, was_made = issues.ensure_open(replace(self.ALARM, key="demo 2027"))

        assert was_made
        assert other.number != first.number

    def test_an_alarm_that_is_over_is_closed_once(self, issues: Issues) -> None:
        """And stays closed when it is told again."""
        opened, _ = issues.ensure_open(self.ALARM)

        closed = issues.ensure_closed(self.ALARM.key, began=BEGAN, comment="It is well again.")
        again = issues.ensure_closed(self.ALARM.key, began=BEGAN, comment="It is well again.")
        late, was_made = issues.ensure_open(self.ALARM)

        assert closed == again == Issue(number=opened.number, is_open=False)
        assert (late, was_made) == (closed, False)

    def test_an_alarm_that_nobody_was_told_of_has_nothing_to_close(self, issues: Issues) -> None:
        """The next one may be told as well."""
        assert issues.ensure_closed("nobody", began=BEGAN, comment="x") is None
