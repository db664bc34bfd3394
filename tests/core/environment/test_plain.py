"""Only names and versions of packages can be looked for without running code."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from branchline.core.environment.plain import Plain, is_plain, plain_of, skipped_in

DIGEST = f"sha256:{'0' * 64}"


def read(**files: str) -> Plain:
    named = {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}
    return plain_of(next(iter(named)), named.get)


@pytest.mark.parametrize(
    "text",
    [
        "numpy", "numpy==1.20.0", "numpy >=1, <2", "a.b[c,d] ~= 0.17", "torch==2.1+cpu",
        "x (>=1)", "x!=1.*", 'tomli>=1; python_version < "3.11" and sys_platform != \'win32\'',
    ],
)  # fmt: skip
def test_a_name_with_versions_is_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "-e .", "--editable=.", ".", "./numpy", "numpy/", "../x", "x @ ./x", "x@file:///x", "x/",
        "https://e.org/x.tar.gz", "git+https://e.org/x", "x @ git+ssh://git@e.org/x", "numpy ${X}",
        "numpy --config-settings=a=b", "numpy==1\n-e .", "", "--no-binary :all:", "numpy\\",
    ],
)  # fmt: skip
def test_what_may_be_built_is_not_plain(text: str) -> None:
    assert not is_plain(text)


@given(
    st.text(alphabet="abz09._-[]<>=!~,; @:/\\${}'\"\n#e+*()"),
    st.sampled_from(["@", "/", ":", "\n", "$", "\\", "#"]),
    st.text(alphabet="abz09._-[]<>=!~,; e+*()"),
)
@example("0", "\n", "")
def test_nothing_with_a_place_in_it_is_plain(before: str, sign: str, after: str) -> None:
    assert not is_plain(f"{before}{sign}{after}")


def test_files_are_read_with_all_that_they_include() -> None:
    found = read(
        requirements_txt="--index-url ${INDEX}\n-r more/base.txt\n"
        f"six==1 \\\n  --hash={DIGEST}\n",
        more__base_txt="numpy  # why\n-c ../bounds.txt\n-r ../requirements.txt\n",
        bounds_txt="numpy<2\n",
    )

    assert found == Plain(
        wishes=("numpy", f"six==1 --hash={DIGEST}"), constraints=("numpy<2",), doubt=""
    )


@pytest.mark.parametrize(
    ("files", "place"),
    [
        pytest.param({"requirements_txt": "six\n-e .\n"}, "requirements.txt:2", id="an editable"),
        pytest.param({"requirements_txt": "-e\\\n .\n"}, "requirements.txt:1", id="in two lines"),
        pytest.param(
            {"requirements_txt": "-r https://e.org/r.txt\n"}, "requirements.txt:1", id="afar"
        ),
        pytest.param({"requirements_txt": "-r gone.txt\n"}, "gone.txt", id="an absent file"),
        pytest.param(
            {"requirements_txt": "-c c.in\n", "c_in": "x @ ./x\n"}, "c.in:1", id="a bound"
        ),
        pytest.param({"requirements_txt": "--pre\nsix\n"}, "requirements.txt:1", id="an option"),
        pytest.param({"setup_py": "evil()"}, "setup.py", id="a program"),
        pytest.param(
            {"pyproject_toml": '[project]\ndynamic = ["version"]\n'}, "pyproject.toml", id="open"
        ),
        pytest.param(
            {"pyproject_toml": '[project]\ndependencies = ["x @ ./x"]\n'}, "x @ ./x", id="a folder"
        ),
        pytest.param({"pyproject_toml": "[tool.poetry]\n"}, "pyproject.toml", id="of Poetry"),
        pytest.param({"pyproject_toml": "[project\n"}, "pyproject.toml", id="damaged"),
    ],
)  # fmt: skip
def test_what_is_more_than_names_is_told_with_its_place(files: dict[str, str], place: str) -> None:
    assert place in read(**files).doubt


def test_a_project_says_what_it_needs() -> None:
    found = read(pyproject_toml='[project]\nname = "x"\ndependencies = ["six", "numpy>=1"]\n')

    assert found == Plain(wishes=("six", "numpy>=1"))


SEARCH = "DEBUG Searching for a compatible version of"


@pytest.mark.parametrize(
    ("log", "skipped"),
    [
        pytest.param(
            f"{SEARCH} a (*)\nDEBUG Selecting: a==2 [compatible] (a-2-py3-none-any.whl)\n", "",
            id="the newest file was taken",
        ),
        pytest.param(
            f"{SEARCH} a (*)\n{SEARCH} a (<=1)\n"
            "DEBUG Selecting: a==1 [compatible] (a-1-py3-none-any.whl)\n", "a",
            id="a version was passed over",
        ),
        pytest.param(
            f"{SEARCH} a (*)\nDEBUG Selecting: a==1 [compatible] (a-1-py3-none-any.whl)\n"
            f"{SEARCH} b_c (*)\n", "b-c",
            id="another package had none",
        ),
        pytest.param("Selecting a\n", None, id="another uv that says it otherwise"),
        pytest.param("", None, id="it says nothing"),
        pytest.param(
            f"{SEARCH} a (*)\nDEBUG Selecting: a==1 [compatible] (a-1.tar.gz)\n", "a",
            id="a source file was taken all the same",
        ),
    ],
)  # fmt: skip
def test_a_search_without_a_file_passed_something_over(log: str, skipped: str | None) -> None:
    assert skipped_in(log, ["a"]) == skipped
