"""Names of parameters that stand in commands."""

from __future__ import annotations

import pytest

from branchline.core.run.spots import Spot, SpotKind, spot_of


@pytest.mark.parametrize(
    ("name", "kind", "key", "stage"),
    [
        pytest.param("--lr", SpotKind.OPTION, "--lr", "", id="an-option"),
        pytest.param("-l", SpotKind.OPTION, "-l", "", id="a-short-option"),
        pytest.param("--model.lr", SpotKind.OPTION, "--model.lr", "", id="with-dots"),
        pytest.param("train:--lr", SpotKind.OPTION, "--lr", "train", id="of-a-stage"),
        pytest.param("a/dvc.yaml:t:--lr", SpotKind.OPTION, "--lr", "a/dvc.yaml:t", id="by-address"),
        pytest.param("$LR", SpotKind.VARIABLE, "LR", "", id="a-variable"),
        pytest.param("train:$LR", SpotKind.VARIABLE, "LR", "train", id="a-variable-of-a-stage"),
        pytest.param("hydra:m.lr", SpotKind.OVERRIDE, "m.lr", "", id="a-key-of-hydra"),
        pytest.param("t:hydra:+m.lr", SpotKind.OVERRIDE, "+m.lr", "t", id="a-new-key-of-hydra"),
        pytest.param("hydra:db@backup", SpotKind.OVERRIDE, "db@backup", "", id="a-package"),
    ],
)
def test_a_name(name: str, kind: SpotKind, key: str, stage: str) -> None:
    found = spot_of(name)

    assert found == Spot(kind=kind, key=key, stage=stage)


@pytest.mark.parametrize("name", ["lr", "train.lr", "conf/model.yaml:train.lr", "a:b.0", "-1", "$"])
def test_what_names_no_place_in_a_command(name: str) -> None:
    assert spot_of(name) is None


@pytest.mark.parametrize(
    ("name", "write"),
    [
        pytest.param("env:LR", r"as \$LR", id="env"),
        pytest.param("${LR}", r"as \$LR", id="braces"),
        pytest.param("--lr=", "as --lr", id="an-equals-sign"),
        pytest.param("--lr 0.1", "as --lr", id="with-a-value"),
        pytest.param("hydra:model=cnn", "as hydra:model", id="a-group-with-its-choice"),
        pytest.param("hydra:a b", "words with dots", id="no-key"),
    ],
)
def test_what_is_nearly_a_name_says_how_it_is_written(name: str, write: str) -> None:
    with pytest.raises(ValueError, match=write):
        spot_of(name)
