"""YAML as users write it: 1.2 as ruamel.yaml's safe reader has it, with lines; 1.1 as PyYAML's."""

from __future__ import annotations

import datetime as dt
import math
import warnings
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from branchline.core.documents import read_yaml, read_yaml_11
from branchline.core.documents import yaml as yaml_module
from branchline.errors import DocumentError


def _ours(text: str) -> tuple[str, Any]:
    try:
        return ("value", read_yaml(text.encode("utf-8", "surrogatepass"), file="x.yaml").value)
    except DocumentError:
        return ("refused", None)


def _theirs(text: str) -> tuple[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ("value", YAML(typ="safe", pure=True).load(text))
    except Exception:  # noqa: BLE001 # it raises bare ValueErrors too: all of it is a refusal
        return ("refused", None)


def _same(a: Any, b: Any) -> bool:
    """Equal in value and in type all the way down; NaN equals NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return bool(a.hex() == b.hex())
    if isinstance(a, dict):
        return list(map(repr, a)) == list(map(repr, b)) and all(
            _same(x, y) for x, y in zip(a.values(), b.values(), strict=True)
        )
    if isinstance(a, list):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("1e-3", 0.001, id="a-float-needs-no-point"),
        pytest.param("1E-3", 0.001, id="a-capital-exponent"),
        pytest.param("010", 10, id="a-leading-zero-is-decimal"),
        pytest.param("0o10", 8, id="octal-has-an-o"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("-0b11", -3, id="a-signed-binary-number"),
        pytest.param("1_000", 1000, id="underscores-in-integers"),
        pytest.param("1_0.5_0", 10.5, id="underscores-in-floats"),
        pytest.param("yes", "yes", id="yes-is-text"),
        pytest.param("True", True, id="true-with-a-capital"),
        pytest.param("12:30:00", "12:30:00", id="a-time-is-text"),
        pytest.param("~", None, id="a-tilde-is-null"),
        pytest.param("", None, id="nothing-is-null"),
        pytest.param("-.inf", -math.inf, id="minus-infinity"),
        pytest.param("2024-02-29", dt.date(2024, 2, 29), id="a-date"),
        pytest.param("'1'", "1", id="quoted-numbers-are-text"),
        pytest.param("!!str 1", "1", id="a-tag-makes-text"),
        pytest.param("!!float 1", 1.0, id="a-tag-makes-a-float"),
        pytest.param("1.2.3", "1.2.3", id="a-version-is-text"),
        pytest.param("+.nan", "+.nan", id="nan-has-no-sign"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    read = read_yaml(text.encode(), file="x.yaml").value

    assert _same(read, value)
    assert _same(read, _theirs(text)[1])


_NUMBER_LIKE = st.text(alphabet="0123456789+-._eExXobBTZ: nNaAiIfF~=<", min_size=1, max_size=14)
_WORDS = st.sampled_from(
    [
        "true",
        "yes",
        "Null",
        "off",
        "y",
        "=",
        "<<",
        ".inf",
        "-.INF",
        ".NaN",
        "0o7_7",
        "08",
        "0_",
        "1e5",
        "2001-12-14t21:59:43.10-05:00",
        "2001-12-14 21:59:43.10 -5",
        "2002-1-1",
        "1_2:3",
        "0x_",
        "._",
        "1.",
        "2001-12-15 2:59:43.1234567",
        "2001-12-15 2:59:43.9999999Z",
    ]
)


@settings(max_examples=1500)
@given(st.one_of(_NUMBER_LIKE, _WORDS))
@example("2024-13-01")
@example("0b_")
def test_plain_scalars_are_read_as_ruamel_reads_them(text: str) -> None:
    ours, theirs = _ours(text), _theirs(text)

    # libyaml refuses a lone ":" and the like; refusing is loud, reading otherwise would be silent.
    if ":" not in text or ours[0] == "value":
        assert ours[0] == theirs[0]
        assert _same(ours[1], theirs[1])


_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=12
)  # YAML 1.1's further line breaks: ruamel.yaml refuses where libyaml folds them
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    _TEXTS,
    st.dates(),
    _WORDS,
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=400)
@given(_VALUES, st.booleans(), st.sampled_from([None, '"', "'", "|"]))
def test_documents_are_read_as_ruamel_reads_them(value: Any, flow: bool, style: str | None) -> None:
    text = pyyaml.safe_dump(
        value, default_flow_style=flow, default_style=style, allow_unicode=True, sort_keys=False
    )

    ours, theirs = _ours(text), _theirs(text)

    # Refusing what ruamel reads is loud; reading it otherwise would be silent.
    assert ours[0] == theirs[0] or ours[0] == "refused"
    if ours[0] == theirs[0] == "value":
        assert _same(ours[1], theirs[1])


_LINES = st.lists(
    st.sampled_from(
        [
            "a: 1",
            "b: &x {c: 1, d: [2]}",
            "e: *x",
            "<<: *x",
            "<<: [*x, {d: 3}]",
            "- 1",
            "  - y: z",
            "f:",
            "  g: >-",
            "    folded",
            "    text",
            "h: |",
            "    kept",
            "# note",
            "? k",
            ": v",
            "i: 'it''s'",
            'j: "\\u00e9"',
            "k: {a:1, b}",
            "l: [x, y: 1]",
            "c: 5",
            "---",
            "...",
            "m: !!set {a, b}",
            "n: !odd 1",
            "'a': 2",
            "o: - 1",
        ]
    ),
    max_size=8,
)


@settings(max_examples=1500)
@given(_LINES)
def test_texts_of_odd_lines_are_never_read_differently(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"

    ours, theirs = _ours(text), _theirs(text)

    if ours[0] == theirs[0] == "value":
        assert _same(ours[1], theirs[1])


@settings(max_examples=300)
@given(_VALUES)
def test_libyaml_and_the_pure_parser_agree(value: Any) -> None:
    class Resolver:
        def descend_resolver(self, current_node: object, current_index: object) -> None: ...

        def ascend_resolver(self) -> None: ...

        resolve = yaml_module._loader().resolve

    text = pyyaml.safe_dump(value, allow_unicode=True).encode()
    assume(_ours(text.decode())[0] == "value")
    node = yaml_module._make_pure_loader(Resolver)(text).get_single_node()

    pure = None if node is None else yaml_module._Builder("x").value_of(node)

    assert _same(pure, read_yaml(text, file="x").value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "a: 1\nb: 2\na: 3\n", "p.yaml:3:1: the key `a` stands twice", id="duplicate-key"
        ),
        pytest.param(
            "a:\n  b: !odd 1\n", "p.yaml:2:6: the tag !odd means nothing", id="unknown-tag"
        ),
        pytest.param("a: [1\nb: 2\n", "p.yaml:2:2: the YAML cannot be read", id="broken-list"),
        pytest.param(
            "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n",
            "p.yaml:2:1: the YAML cannot be read: an unresolved merge conflict",
            id="a-merge-conflict",
        ),
        pytest.param(
            "a: 2024-13-01\n", "p.yaml:1:4: '2024-13-01' cannot be read", id="no-such-day"
        ),
        pytest.param("a: =\n", "p.yaml:1:4: '=' cannot be read", id="a-lone-equals-sign"),
        pytest.param(
            "a: 1\n---\nb: 2\n", "p.yaml:2:1: the YAML cannot be read", id="two-documents"
        ),
        pytest.param("a: &x [*x]\n", "p.yaml:1:4: the value contains itself", id="recursion"),
        pytest.param("<<: 1\n", "p.yaml:1:5: << takes a mapping", id="merge-of-a-number"),
        pytest.param(
            "? {a: 1}\n: 2\n", "p.yaml:1:3: a mapping cannot be a key", id="mapping-as-key"
        ),
        pytest.param(
            "%YAML 1.1\n---\na: yes\n", "p.yaml:1:1: %YAML 1.1 asks for", id="another-version"
        ),
        pytest.param("a: *nope\n", "p.yaml:1:4: the YAML cannot be read", id="undefined-alias"),
        pytest.param("a: !!int x\n", "p.yaml:1:4: 'x' is no int", id="tag-that-does-not-fit"),
    ],
)
def test_refusals_name_file_line_and_column(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_yaml(text.encode(), file="p.yaml")

    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param(
            "a:\n\tb: 2\n", "; a tab indents this line, and YAML wants spaces", id="a-tab"
        ),
        pytest.param(
            "a: [x/${b}]\n",
            "; inside [ ] or { } a text with ${...} needs quotes",
            id="a-template-without-quotes",
        ),
    ],
)
def test_what_the_parser_cannot_explain_is_explained(text: str, cause: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_yaml(text.encode(), file="p.yaml")

    assert caught.value.message.endswith(cause)


def test_bytes_that_are_not_utf8_are_named() -> None:
    with pytest.raises(DocumentError, match=r"p\.yaml:2:4: byte 0xff is not UTF-8"):
        read_yaml(b"a: 1\nb: \xff\n", file="p.yaml")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param((), 2, id="the-root"),
        pytest.param(("stages", "train", "cmd"), 4, id="a-nested-key"),
        pytest.param(("stages", "train", "deps", 1), 7, id="an-item-of-a-list"),
        pytest.param(("stages", "train", "nope"), 3, id="a-missing-key-has-its-parents-line"),
        pytest.param(("stages", "eval", "wdir"), 9, id="a-key-that-a-merge-brought"),
    ],
)
def test_lines_of_keys(path: tuple[str | int, ...], line: int) -> None:
    text = """\
# pipeline
stages:
  train: &t
    cmd: x
    deps:
    - a
    - b
  eval:
    <<: {wdir: y}
"""
    assert read_yaml(text.encode(), file="x").line_of(path) == line


def test_yaml_11_reads_as_pyyaml_does() -> None:
    text = b"a: yes\nb: 010\nc: 1e-3\nd: 12:30:00\na: no\n"

    value = read_yaml_11(text, file="x")

    assert value == {"a": False, "b": 8, "c": "1e-3", "d": 45000}


def test_yaml_11_refuses_with_a_line() -> None:
    with pytest.raises(DocumentError, match=r"x:1:4: the YAML cannot be read"):
        read_yaml_11(b"a: !odd 1", file="x")
