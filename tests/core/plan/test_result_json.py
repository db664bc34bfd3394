"""A Result survives the way into JSON text and back, and damaged JSON is refused by name."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.core.changes.values import Input, InputKind
from branchline.core.pipeline import Content, LockEntry, LockItem
from branchline.core.plan.result_json import is_newer_schema, result_from_json, result_to_json
from branchline.core.plan.values import Observed, Produced, Result
from branchline.core.values import SCHEMA_VERSION, digest_of
from branchline.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue

texts = st.text(max_size=8)
wholes = st.integers(min_value=0, max_value=2**70)
keys = st.sampled_from(["!float", "!mapping"]) | texts
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
mappings = st.dictionaries(keys, values, max_size=3)
contents = st.builds(
    Content,
    md5=st.none() | texts,
    size_bytes=st.none() | wholes,
    nfiles=st.none() | wholes,
    is_executable=st.booleans(),
    legacy=st.booleans(),
)
items = st.builds(LockItem, spelled=texts, content=contents, extra=st.none() | mappings)
entries = st.builds(
    LockEntry,
    cmd=st.none() | texts | st.lists(texts, max_size=2).map(tuple),
    deps=st.lists(items, max_size=2).map(tuple),
    params=st.none() | st.dictionaries(keys, mappings, max_size=2),
    outs=st.lists(items, max_size=2).map(tuple),
)
inputs = st.builds(
    Input,
    kind=st.sampled_from(InputKind),
    name=texts,
    digest=st.none() | texts,
    exact=st.none() | texts,
    value=texts,
    via=texts,
    pending=st.none() | texts,
)
outs = st.builds(
    Produced,
    path=texts,
    spelled=texts,
    content=contents,
    kind=st.sampled_from(["data", "metric", "plot"]),
    cached=st.booleans(),
)
results = st.builds(
    Result,
    key=texts,
    observed=st.lists(st.builds(Observed, path=texts, digest=texts), max_size=2).map(tuple),
    stage=texts,
    inputs=st.lists(inputs, max_size=3).map(tuple),
    outs=st.lists(outs, max_size=2).map(tuple),
    entry=entries,
    run=texts,
    commit=st.none() | texts,
    branch=st.none() | texts,
    is_dirty=st.booleans(),
    started_at=texts,
    duration_s=st.floats(allow_nan=False),
    cpu_s=st.floats(allow_nan=False),
    peak_memory_bytes=wholes,
    store=texts,
    versions=st.dictionaries(texts, texts, max_size=2),
    attempt=wholes,
)


def free_values(entry: LockEntry) -> list[Mapping[str, JsonValue] | None]:
    """The user's values of an entry, which may hold NaN and so cannot be compared with ==."""
    params = [] if entry.params is None else list(entry.params.values())
    return [*params, *(item.extra for item in (*entry.deps, *entry.outs))]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(results)
def test_a_result_comes_back_as_it_was(result: Result) -> None:
    text = json.dumps(result_to_json(result), allow_nan=False)

    back = result_from_json(json.loads(text))

    assert digest_of(free_values(back.entry)) == digest_of(free_values(result.entry))
    assert repr(back) == repr(result)


def minimal() -> Result:
    """The smallest result there is."""
    return Result(key="k", stage="train", inputs=(), outs=(), entry=LockEntry(cmd="true"))


def test_defaults_are_left_out() -> None:
    written = result_to_json(minimal())

    assert not {"observed", "commit", "versions", "is_dirty"} & set(written)
    assert result_from_json(written) == minimal()


def test_nan_is_spelled_so_that_every_json_reader_can_read_it() -> None:
    entry = LockEntry(cmd="true", params={"params.yaml": {"lr": math.nan}})
    result = Result(key="k", stage="train", inputs=(), outs=(), entry=entry)

    written = json.dumps(result_to_json(result), allow_nan=False)

    assert '{"lr": {"!float": "nan"}}' in written


def test_fields_of_a_later_version_are_passed_over() -> None:
    written = {**result_to_json(minimal()), "colour": "blue"}

    assert result_from_json(written) == minimal()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param({"key": None}, "result.key is None, must be text", id="missing-key"),
        pytest.param({"schema_version": "1"}, "result.schema_version is '1'", id="schema-as-text"),
        pytest.param(
            {"schema_version": True}, "result.schema_version is True", id="schema-as-truth"
        ),
        pytest.param({"inputs": {}}, "result.inputs is {}, must be a list", id="inputs-mapping"),
        pytest.param(
            {"inputs": [{"kind": "smell", "digest": None}]},
            "result.inputs[0].kind is 'smell', must be one of code,",
            id="unknown-kind",
        ),
        pytest.param({"observed": [["a"]]}, "result.observed[0] is ['a']", id="half-an-observed"),
        pytest.param({"entry": None}, "result.entry is None, must be a mapping", id="no-entry"),
        pytest.param({"entry": {"cmd": 3}}, "result.entry.cmd is 3, must be text", id="cmd-number"),
        pytest.param(
            {"entry": {"cmd": None, "params": {"p": 1}}},
            "result.entry.params.p is 1, must be a mapping",
            id="params-number",
        ),
        pytest.param(
            {"duration_s": {"!float": "big"}}, "!float is 'big', must be nan", id="odd-float"
        ),
        pytest.param({"is_dirty": 1}, "result.is_dirty is 1, must be true", id="dirty-number"),
        pytest.param({"outs": [{"path": "a"}]}, "result.outs[0].content is None", id="no-content"),
    ],
)
def test_a_damaged_result_is_refused_by_the_name_of_its_field(
    changed: dict[str, JsonValue], sentence: str
) -> None:
    with pytest.raises(RecordError) as caught:
        result_from_json({**result_to_json(minimal()), **changed})

    assert caught.value.message.startswith(sentence)


def test_a_newer_schema_is_told_apart_and_refused() -> None:
    newer = {**result_to_json(minimal()), "schema_version": SCHEMA_VERSION + 1}

    assert is_newer_schema(newer)
    assert not is_newer_schema(result_to_json(minimal()))
    assert not is_newer_schema([])
    with pytest.raises(RecordError, match="this Branchline reads up to"):
        result_from_json(newer)
