"""Strings in the first branchline.yaml come back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from branchline.core.documents import read_yaml
from branchline.generate.settings_file import yaml_string


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_string_is_read_back_as_it_was(text: str) -> None:
    value = read_yaml(f"key: {yaml_string(text)}\n".encode(), file="x.yaml").value

    assert value == {"key": text}
