"""Port `branches`: what every implementation must do.

To check one, inherit `BranchesContract` in a test module and give it the fixture that it names.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import RepositoryError
from branchline.ports.branches import MergeMethod
from branchline.testing.branches import ADA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.ports.branches import Branches


class BranchesContract:
    """What every implementation must do.

    The fixture `branches` gives a repository whose branch `main` has one commit, which holds
    `a.txt` with the bytes `one` and a newline; nothing else.
    """

    def test_heads_are_told_by_short_name(self, branches: Branches) -> None:
        """All of them, or one."""
        main = branches.head("main")

        assert main is not None
        assert dict(branches.heads()) == {"main": main}
        assert branches.head("mai") is None
        assert branches.head("m*") is None

    def test_the_same_arguments_make_the_same_commit(self, branches: Branches) -> None:
        """And it moves no branch."""
        main = branches.head("main") or ""

        one, same = (_commit(branches, main, {"b.txt": b"b\n"}) for _ in range(2))
        other = _commit(branches, main, {"b.txt": b"b\n"}, message="Another")

        assert one == same != other
        assert branches.head("main") == main
        assert list(branches.changed_files(main, one)) == [("A", "b.txt")]

    def test_files_are_set_and_removed(self, branches: Branches) -> None:
        """In folders that come and go with them."""
        main = branches.head("main") or ""

        made = _commit(branches, main, {"x/y/z.txt": b"z\n", "a.txt": b"two\n", "no.txt": None})
        back = _commit(branches, made, {"x/y/z.txt": None, "a.txt": b"one\n"})

        assert list(branches.changed_files(main, made)) == [("M", "a.txt"), ("A", "x/y/z.txt")]
        assert list(branches.changed_files(main, back)) == []

    def test_what_cannot_stand_in_a_tree_is_refused(self, branches: Branches) -> None:
        """A path upwards, git's own folder, a file below a file, a parent that is none."""
        main = branches.head("main") or ""
        bad = ["../x", "/x", "x//y", ".git/config", "x/.git/hooks/post-commit", ".", "", "a.txt/b"]

        refused = [path for path in bad if _is_refused(branches, main, path)]

        assert refused == bad
        assert _is_refused(branches, "0" * 40, "b.txt")

    def test_a_branch_moves_only_from_what_is_expected(self, branches: Branches) -> None:
        """Creation is the same with None."""
        main = branches.head("main") or ""
        one = _commit(branches, main, {"b.txt": b"b\n"})

        assert branches.move("new", one, expected=None)
        assert not branches.move("new", main, expected=None)
        assert not branches.move("new", main, expected=main)
        assert branches.head("new") == one
        assert branches.move("new", main, expected=one)
        assert not branches.move("absent", main, expected=main)
        assert branches.heads() == {"main": main, "new": main}

    def test_moves_are_counted(self, branches: Branches) -> None:
        """Also those that another followed; what never happened is none."""
        main = branches.head("main") or ""
        one = _commit(branches, main, {"b.txt": b"b\n"})
        two = _commit(branches, one, {"b.txt": b"c\n"})
        ref = "refs/heads/moving"
        branches.move("moving", one, expected=None)
        branches.move("moving", two, expected=one)

        assert branches.moves(ref, "", one) == 1
        assert branches.moves(ref, one, two) == 1
        assert branches.moves(ref, two, one) == 0
        assert branches.moves(ref, "", main) == 0
        assert branches.moves("refs/heads/absent", "", one) == 0
        branches.move("moving", one, expected=two)
        branches.move("moving", two, expected=one)
        assert branches.moves(ref, one, two) == 2
        branches.delete("moving", expected=two)
        assert branches.moves(ref, two, "") == 1

    def test_a_tag_is_made_once(self, branches: Branches) -> None:
        """And never moved."""
        main = branches.head("main") or ""
        other = _commit(branches, main, {"x.txt": b"x"})

        assert branches.tagged("passed/one") is None
        assert branches.tag("passed/one", main, message="auc 0.9", by=ADA)
        assert not branches.tag("passed/one", other, message="auc 0.8", by=ADA)
        assert branches.tagged("passed/one") == main
        refused = 0
        for name, commit in (("passed/two", "1" * len(main)), ("a..b", main)):
            try:
                branches.tag(name, commit, message="x", by=ADA)
            except RepositoryError:
                refused += 1
        assert refused == 2

    def test_a_branch_is_deleted_only_where_it_stands(self, branches: Branches) -> None:
        """And deleting what is gone says so."""
        main = branches.head("main") or ""
        branches.move("new", main, expected=None)

        assert not branches.delete("new", expected=_commit(branches, main, {"b.txt": b"b\n"}))
        assert branches.delete("new", expected=main)
        assert not branches.delete("new", expected=main)

    def test_a_merge_holds_both_sides(self, branches: Branches) -> None:
        """The branches stay where they are."""
        main = branches.head("main") or ""
        left = _commit(branches, main, {"l.txt": b"l\n"})
        right = _commit(branches, main, {"r.txt": b"r\n"})

        merged = branches.merge(left, right, MergeMethod.MERGE, message="Merge", by=ADA)

        assert (merged.reason, merged.conflicts) == ("", ())
        assert branches.merge_base(merged.commit, right) == right
        assert branches.merge_base(merged.commit, left) == left
        assert list(branches.changed_files(left, merged.commit)) == [("A", "r.txt")]
        assert branches.heads() == {"main": main}

    def test_a_squash_is_one_commit_on_the_base(self, branches: Branches) -> None:
        """Twice the same is the same commit; what is in already is not merged again."""
        main = branches.head("main") or ""
        left = _commit(branches, main, {"l.txt": b"l\n"})
        right = _commit(branches, main, {"r.txt": b"r\n"})

        one, same = (
            branches.merge(left, right, MergeMethod.SQUASH, message="Squash", by=ADA)
            for _ in range(2)
        )
        again = branches.merge(one.commit, right, MergeMethod.SQUASH, message="Squash", by=ADA)

        assert one == same
        assert branches.merge_base(one.commit, right) == main
        assert (again.commit, bool(again.reason)) == ("", True)

    def test_a_fast_forward_needs_a_base_that_stayed(self, branches: Branches) -> None:
        """Then it is the head itself."""
        main = branches.head("main") or ""
        left = _commit(branches, main, {"l.txt": b"l\n"})
        right = _commit(branches, main, {"r.txt": b"r\n"})

        fine = branches.merge(main, left, MergeMethod.FAST_FORWARD, message="", by=ADA)
        late = branches.merge(right, left, MergeMethod.FAST_FORWARD, message="", by=ADA)

        assert fine.commit == left
        assert (late.commit, bool(late.reason)) == ("", True)

    def test_conflicts_are_named(self, branches: Branches) -> None:
        """Each path once; nothing is made."""
        main = branches.head("main") or ""
        left = _commit(branches, main, {"a.txt": b"left\n", "l.txt": b"l\n"})
        right = _commit(branches, main, {"a.txt": b"right\n"})

        for method in (MergeMethod.MERGE, MergeMethod.SQUASH):
            merge = branches.merge(left, right, method, message="Merge", by=ADA)

            assert (merge.commit, merge.conflicts) == ("", ("a.txt",))
            assert merge.reason

    def test_what_is_merged_already_is_not_merged_again(self, branches: Branches) -> None:
        """With a reason."""
        main = branches.head("main") or ""
        left = _commit(branches, main, {"l.txt": b"l\n"})

        for method in MergeMethod:
            merge = branches.merge(left, main, method, message="Merge", by=ADA)

            assert (merge.commit, bool(merge.reason)) == ("", True)

    def test_a_diff_starts_at_the_merge_base(self, branches: Branches) -> None:
        """What the base got since then is not in it; a long one is cut off and says so."""
        main = branches.head("main") or ""
        left = _commit(branches, main, {"l.txt": b"l\n"})
        right = _commit(branches, main, {"a.txt": b"two\n", "r.txt": b"\xff\n" * 2000})

        whole = branches.diff(left, right)
        short = branches.diff(left, right, limit_bytes=200)

        assert "-one\n+two\n" in whole
        assert "l.txt" not in whole
        assert "cut off" not in whole
        assert "cut off" in short.splitlines()[-1]
        assert len(short) < 400


def _commit(
    branches: Branches,
    parent: str,
    files: Mapping[str, bytes | None],
    *,
    message: str = "Change",
) -> str:
    return branches.commit_files(parent, files, message=message, by=ADA)


def _is_refused(branches: Branches, parent: str, path: str) -> bool:
    try:
        _commit(branches, parent, {path: b"x\n"})
    except RepositoryError as error:
        return bool(error.message)
    return False
