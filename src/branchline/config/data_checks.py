"""Section `data` of a policy, checked already, into what the flows ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.units import share_of
from branchline.core.evidence.data.schema import Severity
from branchline.core.evidence.data.settings import DataSettings, Drift, Evidently, Validate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.policy import Policy


def data_settings(policy: Policy) -> DataSettings:
    """The checks of a model's data; empty where branchline.yaml has no `data`."""
    section: Any = policy.sections.get("data") or {}
    return DataSettings(
        validate=tuple(_validate(item) for item in _listed(section.get("validate"))),
        drift=tuple(_drift(item) for item in _listed(section.get("drift"))),
    )


def _listed(value: Any) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _validate(item: Mapping[str, Any]) -> Validate:
    return Validate(
        path=_clean(item["path"]),
        schema=item.get("schema", ""),
        pandera=item.get("pandera", ""),
        great_expectations=item.get("great_expectations", ""),
        evidently=_evidently(item.get("evidently")),
        examples=item.get("examples", True),
    )


def _evidently(value: str | Mapping[str, Any] | None) -> Evidently | None:
    if value is None:
        return None
    if isinstance(value, str):
        return Evidently(preset=value)
    return Evidently(preset=value["preset"], reference=value.get("reference", ""))


def _drift(item: Mapping[str, Any]) -> Drift:
    share = share_of(item.get("max_share_drifted", 0.3))
    return Drift(
        path=_clean(item["path"]),
        reference=item.get("reference", "baseline"),
        trained_on=item.get("trained_on", ""),
        columns=tuple(item.get("columns") or ()),
        exclude=tuple(item.get("exclude") or ()),
        max_share_drifted=0.3 if share is None else share,
        severity=Severity(item.get("severity", "error")),
    )


def _clean(path: str) -> str:
    """A path as stages name theirs: without `./` before it or a slash behind it."""
    return path.removeprefix("./").rstrip("/") or path
