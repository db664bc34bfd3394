"""branchline.yaml into one Policy a model, and where each model's stages stand.

Serves the flows. Takes bytes; reads no file. Every problem of the file is said at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.config.grammar import META
from branchline.config.pipeline import PipelineSource
from branchline.config.problems import Problems
from branchline.core.documents.document import Document
from branchline.errors import ConfigError, DocumentError, SeveralModelsError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Policy

FILE = "branchline.yaml"
DEFAULT_OUTS, DEFAULT_METRICS = ("model",), ("metrics.json",)
"""What the short form takes a script to leave."""

_BY_CASE = "differs only by case, which many disks do not tell apart (files, tags), from"
_READ_HERE = frozenset(
    {"model", "models", "pipeline", "stages", "train", "branches", "pull_requests", "gate",
     "resources", "environment", "changes", "store", "link"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """One model: what its owners decided, and where its stages stand."""

    policy: Policy
    source: PipelineSource


def joined(configs: Sequence[LoadedConfig]) -> LoadedConfig:
    """The models of several files, one of each folder, as one.

    Raises:
        ConfigError: Two have the same name, by which records and versions could not be told apart.
    """
    if len(configs) == 1:
        return configs[0]
    seen: dict[str, tuple[str, str]] = {}
    for config in configs:
        for model in config.models:
            name, document = model.policy.model, model.source.document
            where = document.where(("model",)) if document else config.file
            if name.casefold() in seen:
                other, there = seen[name.casefold()]
                raise ConfigError(
                    f"{where}: model is `{name}`, and so it is in {there}"
                    if name == other
                    else f"{where}: model `{name}` {_BY_CASE} `{other}` in {there}",
                    todo="Give each model a name of its own.",
                )
            seen[name.casefold()] = (name, where)
    models = tuple(model for config in configs for model in config.models)
    return LoadedConfig(models=models, file=", ".join(config.file for config in configs))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """A branchline.yaml that was read and checked.

    Attributes:
        models: In the order of the file; one when `model:` names it.
        file: The file, "" when there was none.
    """

    models: tuple[ModelConfig, ...]
    file: str = FILE

    def of(self, name: str | None = None) -> ModelConfig:
        """One model by name; without a name the only one, with an empty name the first.

        The empty name is for commands that look at records and ask nothing of a model.

        Raises:
            UnknownNameError: No such model.
            SeveralModelsError: There are several, and none is named.
        """
        names = [model.policy.model for model in self.models]
        if name == "" or (name is None and len(self.models) == 1):
            return self.models[0]
        if name is None:
            raise SeveralModelsError(
                f"{self.file} {'declare' if ', ' in self.file else 'declares'} {len(names)} models:"
                f" {', '.join(names)}",
                models=names,
                todo=f"Name one: --model {names[0]}",
            )
        for model in self.models:
            if model.policy.model == name:
                return model
        from branchline.config.problems import nearest

        raise UnknownNameError(
            f"{self.file or FILE} declares no model `{name}`{nearest(name, names)}"
        )


def default_config(model: str) -> LoadedConfig:
    """What holds where there is no branchline.yaml.

    Args:
        model: Name of the model: the folder's name.
    """
    from branchline.config.policies import policy_of

    document = Document(file="", value={})
    policy = policy_of(_model_name(model), {}, lambda _key: (), document)
    return LoadedConfig(models=(ModelConfig(policy=policy, source=PipelineSource()),), file="")


def load_policy(data: bytes, *, file: str = FILE) -> LoadedConfig:
    """Read and check a branchline.yaml.

    Args:
        data: Its bytes.
        file: How messages name it.

    Returns:
        One policy a model. Keys on top are defaults for the models below `models`; a key of a
        model replaces the one on top.

    Raises:
        ConfigError: It cannot be used; every problem is in `details` (a single one is the
            message), each as `file:line: key: what, which value, what to write instead`.
    """
    from branchline.config.kinds import Report
    from branchline.config.sections.top import TOP
    from branchline.core.documents.yaml import read_yaml

    try:
        document = read_yaml(data, file=file)
    except DocumentError as error:
        raise ConfigError(error.message, todo=error.todo) from error
    problems = Problems()
    report = Report(document, problems)
    value: Any = {} if document.value is None else document.value
    TOP.check(value, (), report)
    if isinstance(value, dict):
        _check_sources(value, report)
        if "/" in file:
            from branchline.config.folders import check_folder

            check_folder(value, report)
    problems.raise_if_any(
        ConfigError, todo="`branchline schema` prints the JSON Schema for your editor."
    )
    return LoadedConfig(
        models=tuple(_model(name, value, at, document) for name, at in _models(value)), file=file
    )


def _check_sources(value: Mapping[str, Any], report: Any) -> None:
    """`model` or `models`, not both; one place of stages a model."""
    if "model" not in value and "models" not in value:
        report.wrong((), "needs `model: NAME`, or `models: {NAME: {...}}` for several")
    if "model" in value and "models" in value:
        report.wrong(("models",), "`model` and `models` exclude each other; keep one")
    if isinstance(value.get("models"), dict) and not value["models"]:
        report.wrong(("models",), "is empty, must name at least one model")
    places: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    if isinstance(value.get("models"), dict):
        from branchline.config.sections.top import MODEL

        seen: dict[str, str] = {}
        for name, own in value["models"].items():
            MODEL.check(name, ("models", name), report)
            other = seen.setdefault(str(name).casefold(), name)
            if other != name:
                report.wrong(("models", name), f"{_BY_CASE} `{other}`; give it another name")
            places.append((("models", name), own))
    for path, holder in places:
        given = [key for key in ("pipeline", "stages", "train") if key in (holder or ())]
        for key in given[1:]:
            report.wrong((*path, key), f"stands beside `{given[0]}`; say once where stages are")
        stages = holder.get("stages") if isinstance(holder, dict) else None
        if isinstance(stages, dict):
            from branchline.config.grammar import Shape

            shape = Shape(report.document, report.problems)
            for name, stage in stages.items():
                shape.stage(name, stage, (*path, "stages", name))


def _models(value: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Each model's name and the keys that lead to its own settings."""
    if "models" in value:
        return [(name, ("models", name)) for name in value["models"]]
    return [(value["model"], ())]


def _model(
    name: str, value: Mapping[str, Any], at: tuple[str, ...], document: Document
) -> ModelConfig:
    from branchline.config.policies import policy_of

    own: Mapping[str, Any] = value["models"][name] if at else {}
    settings = {**value, **own}
    if any(key in own for key in ("pipeline", "stages", "train")):
        for key in ("pipeline", "stages", "train"):
            if key not in own:
                settings.pop(key, None)

    def path_of(key: str) -> tuple[str, ...]:
        return (*at, key) if key in own else (key,)

    if "/" in document.file:
        from branchline.config.folders import from_root

        settings = from_root(settings, document.file)
    sections = {key: item for key, item in settings.items() if key not in _READ_HERE}
    policy = policy_of(name, settings, path_of, document, sections=sections)
    return ModelConfig(policy=policy, source=_source(settings, path_of, document))


def _source(settings: Mapping[str, Any], path_of: Any, document: Document) -> PipelineSource:
    def owner(key: str) -> str:
        return path_of(key)[1] if path_of(key)[0] == "models" else ""

    if "stages" in settings:
        return PipelineSource(
            stages=settings["stages"],
            document=document,
            path=path_of("stages"),
            owner=owner("stages"),
        )
    if "train" in settings:
        # The stage's name leads to the line of `train:`: its path has nothing above it.
        return PipelineSource(
            stages={"train": _train_stage(settings["train"])},
            defaults=_defaults(settings["train"]),
            document=document,
            path=path_of("train")[:-1],
            owner=owner("train"),
        )
    if "pipeline" in settings:
        return PipelineSource(
            file=settings["pipeline"], document=document, path=path_of("pipeline")
        )
    if "/" in document.file:
        file = f"{document.file.rpartition('/')[0]}/dvc.yaml"
        return PipelineSource(file=file, document=document, path=path_of("model"))
    return PipelineSource()


def _train_stage(train: str | Mapping[str, Any]) -> dict[str, Any]:
    """The one stage that the short form stands for, in DVC's grammar."""
    options: Mapping[str, Any] = train if isinstance(train, Mapping) else {"run": train}
    metrics = options.get("metrics", DEFAULT_METRICS)
    # Who names metrics.json among the outputs means the file that is read by default.
    also = () if "metrics" in options else DEFAULT_METRICS
    stage: dict[str, Any] = {
        "cmd": options["run"],
        "outs": [out for out in options.get("outs", DEFAULT_OUTS) if out not in also],
        "metrics": [_metrics_file(entry) for entry in metrics],
    }
    for key in ("deps", "params"):
        if key in options:
            stage[key] = options[key]
    return stage


def _metrics_file(entry: str | Mapping[str, Any]) -> dict[str, Any]:
    """An entry of `metrics` in DVC's grammar; the store keeps what is printed, git the rest."""
    if isinstance(entry, str):
        return {entry: {"cache": False}}
    options = {key: entry[key] for key in ("reader", "printed") if key in entry}
    is_printed = entry.get("printed", False)
    return {entry["path"]: {"cache": is_printed, "meta": {META: options}}}


def _defaults(train: str | Sequence[str] | Mapping[str, Any]) -> frozenset[str]:
    """Outputs of the short form that its author did not name."""
    named: Mapping[str, Any] = train if isinstance(train, Mapping) else {}
    metrics = () if "metrics" in named else DEFAULT_METRICS
    if "outs" in named:
        return frozenset(metrics) - frozenset(map(str, named["outs"]))
    return frozenset((*DEFAULT_OUTS, *metrics))


def _model_name(folder: str) -> str:
    """A folder's name as a model's name: other characters become `-`."""
    import re

    return re.sub(r"[^A-Za-z0-9_]+", "-", folder).strip("-_") or "model"
