"""What may be published of a working tree: its own files, and not what a link leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.flows.own_files import leads_out

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with links, beside other files."""
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / ".git/config").write_text("token")
    (root / "report.md").write_text("# Report")
    (tmp_path / "secret").write_text("s")
    links = {
        "in.md": "report.md", "out.md": "../secret", "env.md": "/proc/self/environ",
        "config.png": ".git/config", "folder": "..", "gone.md": "../nothing",
    }  # fmt: skip
    for name, target in links.items():
        (root / name).symlink_to(target)
    return root


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("report.md", False, id="file"),
        pytest.param("in.md", False, id="link-to-a-file-of-the-repository"),
        pytest.param("../secret", False, id="named-elsewhere"),
        pytest.param("out.md", True, id="link-out"),
        pytest.param("env.md", True, id="link-to-the-environment"),
        pytest.param("folder/secret", True, id="link-above-it"),
        pytest.param("config.png", True, id="link-into-git"),
        pytest.param(".git/config", True, id="file-of-git"),
        pytest.param("gone.md", True, id="link-to-nothing"),
    ],
)
def test_leads_out(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, expected: bool
) -> None:
    monkeypatch.chdir(root)

    assert leads_out(name, str(root)) is expected
    assert leads_out(str(root / name), str(root)) is expected


def test_the_repository_by_another_name(root: Path) -> None:
    other = root.parent / "other"
    other.symlink_to(root)

    assert leads_out(str(other / "out.md"), str(other))
    assert not leads_out(str(other / "report.md"), str(other))
