"""Requirement files: complete or open, where they look, and no password that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.environment.pins import (
    credentials_of,
    has_credentials,
    index_of,
    is_complete,
    is_pinned,
    packages_of,
    without_credentials,
)
from branchline.core.environment.values import Package, Resolved

ONE, TWO = "https://one.example.org", "https://two.example.org"
HASH = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("text", "complete", "pinned"),
    [
        pytest.param(f"a==1 \\\n    --hash={HASH}\nb==2 --hash={HASH}\n", True, True, id="digests"),
        pytest.param(f"a==1 --hash={HASH}\nb==2\n", False, True, id="one-without-digest"),
        pytest.param("a==1\nb==2 ; python_version<'3.9'\n", False, True, id="pins"),
        pytest.param("a==1\nb\n", False, False, id="one-open"),
        pytest.param("a==1.*\n", False, False, id="a-star-is-open"),
        pytest.param("a>=1\n", False, False, id="bound"),
        pytest.param("# nothing\n", False, False, id="empty-is-no-lock"),
        pytest.param("a @ https://example.org/a.whl\n", False, True, id="address"),
    ],
)
def test_how_much_a_file_says(text: str, complete: bool, pinned: bool) -> None:
    assert (is_complete([text]), is_pinned([text])) == (complete, pinned)


def test_packages_have_normal_names_sorted_digests_and_markers() -> None:
    found = packages_of(
        f"Foo_Bar[x, y]==1.0 ; python_version  < '3.9' \\\n  --hash={HASH}\n"
        f"--index-url {ONE}\n-r other.txt\nzoo @ git+https://example.org/zoo@abc\n"
    )

    assert found == (
        Package(
            name="foo-bar[x,y]", version="1.0", marker="python_version < '3.9'", hashes=(HASH,)
        ),
        Package(name="zoo", version="", source="git+https://example.org/zoo@abc"),
    )


pins = st.builds(
    lambda name, version: Package(name=name, version=version, hashes=(HASH,)),
    st.sampled_from(["alpha", "beta", "gamma", "delta"]),
    st.from_regex(r"[0-9]\.[0-9]{1,2}", fullmatch=True),
)


@given(st.lists(pins, unique_by=lambda p: p.name), st.randoms())
def test_the_same_set_has_the_same_digest_in_any_order_and_survives_being_written(
    packages: list[Package], random: object
) -> None:
    before = Resolved(packages=tuple(packages))
    shuffled = list(packages)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    again = Resolved(packages=packages_of(Resolved(packages=tuple(shuffled)).text), as_of="x")

    assert again.digest == before.digest


@given(st.lists(pins, min_size=1, unique_by=lambda p: p.name))
def test_another_version_is_another_set(packages: list[Package]) -> None:
    first = packages[0]
    other = Package(name=first.name, version=f"{first.version}.1", hashes=first.hashes)

    assert (
        Resolved(packages=tuple(packages)).digest
        != Resolved(packages=(other, *packages[1:])).digest
    )


def test_where_files_look() -> None:
    found = index_of(
        [
            ("", f"-i {ONE}\n--extra-index-url={TWO}\n"),
            ("sub", "--find-links wheels\n-f https://three.example.org\n--no-index\n"),
        ]
    )

    assert found.default == ONE
    assert found.more == (TWO,)
    assert found.links == ("sub/wheels", "https://three.example.org")
    assert found.is_closed


secrets = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=4)


@given(secrets, secrets)
def test_no_password_of_an_address_is_shown(user: str, password: str) -> None:
    text = f"see https://{user}:{password}@index.example.org/simple for more"

    assert without_credentials(text) == "see https://***@index.example.org/simple for more"
    assert has_credentials(text)
    assert password in credentials_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "git+ssh://git@example.org/a.git",
        "https://${USER}:${PASSWORD}@example.org/simple",
        "https://example.org/a@1.0",
        "https://***@example.org",
    ],
)
def test_what_is_no_password_stays(text: str) -> None:
    assert without_credentials(text) == text
    assert not has_credentials(text)
