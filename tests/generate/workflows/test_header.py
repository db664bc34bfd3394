"""A file says whether it is ours, and whether somebody changed it."""

from __future__ import annotations

from branchline.generate.workflows.header import is_edited, is_ours, with_header

TEXT = with_header("name: x\n", "0123456789ab")


def test_a_file_of_ours_is_known() -> None:
    assert is_ours(TEXT)
    assert not is_edited(TEXT)


def test_an_edit_is_seen() -> None:
    assert is_edited(TEXT + "# more\n")
    assert is_ours(TEXT + "# more\n")


def test_files_of_others_are_not_ours() -> None:
    for text in ("", "name: x\n", "# Written by `branchline workflows write`\nname: x\n"):
        assert not is_ours(text)
        assert not is_edited(text)
