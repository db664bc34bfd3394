"""Push options: what they say, and that nothing else is taken."""

from __future__ import annotations

import pytest

from branchline.core.trigger.options import PushOptions, parse_options
from branchline.errors import PushRefusedError


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        pytest.param([], PushOptions(), id="none"),
        pytest.param(["train=force"], PushOptions(force=True), id="force"),
        pytest.param(["wait=no"], PushOptions(wait=False), id="do-not-wait"),
        pytest.param(["wait=no", "wait=yes"], PushOptions(), id="the-later-counts"),
        pytest.param(["reason=more data"], PushOptions(reason="more data"), id="a-reason"),
        pytest.param(["reason=größer"], PushOptions(reason="größer"), id="in-any-language"),
        pytest.param(["reason=a=b"], PushOptions(reason="a=b"), id="with-an-equals-sign"),
        pytest.param(["reason=\udcff"], PushOptions(reason="\udcff"), id="that-is-no-utf8"),
    ],
)
def test_options(options: list[str], meant: PushOptions) -> None:
    assert parse_options(options) == meant


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(["train"], "`-o train=force`", id="names-the-nearest"),
        pytest.param(["wait=maybe"], "`-o wait=", id="a-value-that-is-none"),
        pytest.param(["ci.skip"], "There are:", id="something-else-is-told-what-there-is"),
        pytest.param(["\x1b[31m"], "There are:", id="control-characters"),
        pytest.param(['reason="'], "plain words", id="a-quote-in-a-reason"),
        pytest.param(["reason=\\"], "plain words", id="a-backslash-in-a-reason"),
        pytest.param(["reason=\x07"], "plain words", id="a-bell-in-a-reason"),
        pytest.param(["reason=" + "x" * 501], "shorter", id="a-reason-that-is-too-long"),
        pytest.param(["wait=no"] * 21, "There are:", id="too-many"),
    ],
)
def test_what_is_no_option_is_refused(options: list[str], words: str) -> None:
    with pytest.raises(PushRefusedError) as caught:
        parse_options(options)

    assert words in caught.value.todo
    assert "\x1b" not in caught.value.message
