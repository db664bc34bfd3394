"""Judges HTTP exchanges with GitHub by GitHub's own OpenAPI description (3.0)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jsonschema import Draft4Validator  # type: ignore[import-untyped] # it ships no types
from referencing import Registry
from referencing.jsonschema import DRAFT4

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ROOT = "urn:github"
# What may always come back, though the description does not say so of each operation.
_ALWAYS = (401, 403, 404, 422, 429, 500, 502, 503)
_KEPT = re.compile(r"/repos/\{owner\}/\{repo\}(/|$)|/user$|/user/repos$|/rate_limit$|/meta$")
# These hold slashes: paths, refs, comparisons.
_WIDE = re.compile(r"\{(path|ref|basehead|branch|dir|tag)\}")


class Checker:
    """The operations on one repository, of a description of GitHub's API."""

    def __init__(self, description: Path) -> None:
        document = json.loads(description.read_text("utf-8"))
        paths = {path: item for path, item in document["paths"].items() if _KEPT.match(path)}
        self.document: dict[str, Any] = {"paths": paths, "components": {}}
        for kind, name in _components(document, paths):
            self.document["components"].setdefault(kind, {})[name] = document["components"][kind][
                name
            ]
        self.document = _as_draft4(self.document)
        resource = DRAFT4.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(_ROOT, resource)
        self._routes = sorted(
            (_route(path, item) for path, item in self.document["paths"].items()),
            key=lambda route: route[:2],
        )

    def resolved(self, node: Any) -> Any:
        """A node of the description, with references followed."""
        while isinstance(node, dict) and "$ref" in node:
            _, _, kind, name = node["$ref"].removeprefix(_ROOT).split("/", 3)
            node = self.document["components"][kind][name]
        return node

    def route(self, method: str, path: str) -> tuple[str, Any, dict[str, str], Any] | None:
        """Template, operation, values of the path, and item; the most literal route wins."""
        for _, _, pattern, template, item in self._routes:
            found = pattern.fullmatch(path)
            if found and method.lower() in item:
                return template, item[method.lower()], found.groupdict(), item
        return None

    def example(self, operation: Any, status: int) -> Any:
        """GitHub's own example of an answer."""
        response = self.resolved(operation["responses"][str(status)])
        content = response.get("content", {}).get("application/json", {})
        for example in (content.get("examples") or {}).values():
            return json.loads(json.dumps(self.resolved(example)["value"]))
        return content.get("example")

    def request_problems(
        self, method: str, path: str, query: Mapping[str, str], body: Any
    ) -> list[str]:
        """What GitHub would not understand of a request."""
        found = self.route(method, path)
        if found is None:
            return [f"GitHub has no {method} {path}"]
        _, operation, values, item = found
        return [
            *self._parameter_problems(operation, values, item, query),
            *self._body_problems(operation, body),
        ]

    def answer_problems(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What GitHub would not answer."""
        found = self.route(method, path)
        if found is None:
            return []
        responses = found[1]["responses"]
        response = responses.get(str(status)) or responses.get("default")
        if response is None:
            wrong = f"status {status} is none that GitHub documents: {sorted(responses)}"
            return [] if status in _ALWAYS else [wrong]
        content = self.resolved(response).get("content", {}).get("application/json")
        if not content or body is None or status >= 300:
            return []
        return list(self._errors(content["schema"], body, f"answer {status}"))

    def _parameter_problems(
        self, operation: Any, values: Mapping[str, str], item: Any, query: Mapping[str, str]
    ) -> Iterator[str]:
        known = set()
        for node in [*item.get("parameters", []), *operation.get("parameters", [])]:
            parameter = self.resolved(node)
            place, name = parameter["in"], parameter["name"]
            known.add((place, name))
            source = values if place == "path" else query if place == "query" else {}
            value: Any = source.get(name)
            if value is None:
                if parameter.get("required") and place in ("path", "query"):
                    yield f"{place} {name}: missing"
                continue
            schema = self.resolved(parameter["schema"])
            value = unquote(value) if place == "path" else value
            if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", value):
                value = int(value)
            elif schema.get("type") == "boolean":
                value = {"true": True, "false": False}.get(value.lower(), value)
            yield from self._errors(schema, value, f"{place} {name}")
        for name in query:
            if ("query", name) not in known:
                yield f"query {name}: GitHub does not know it"

    def _body_problems(self, operation: Any, body: Any) -> Iterator[str]:
        described = self.resolved(operation.get("requestBody") or {})
        content = described.get("content", {}).get("application/json")
        if not content:
            if body not in (None, {}):
                yield "request: GitHub takes no body here"
            return
        if body is None:
            if described.get("required"):
                yield "request: a body is due"
            return
        yield from self._errors(content["schema"], body, "request")
        schema = self.resolved(content["schema"])
        is_one = not schema.get("oneOf") and not schema.get("anyOf")
        if schema.get("properties") and is_one and isinstance(body, dict):
            for name in body:
                if name not in schema["properties"]:
                    yield f"request {name}: GitHub does not know it"

    def _errors(self, schema: Any, value: Any, where: str) -> Iterator[str]:
        validator = Draft4Validator(schema, registry=self._registry)
        for error in validator.iter_errors(value):
            at = "/".join(map(str, error.absolute_path))
            yield f"{where}{'/' + at if at else ''}: {error.message[:180]}"


def _route(path: str, item: Any) -> tuple[int, int, re.Pattern[str], str, Any]:
    pattern = _WIDE.sub(r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return path.count("{"), -len(path), re.compile(pattern), path, item


def _components(document: Any, start: Any) -> set[tuple[str, str]]:
    """The components that a node needs, with what these need."""
    seen: set[tuple[str, str]] = set()
    todo = [start]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                _, _, kind, name = reference.split("/", 3)
                if (kind, name) not in seen:
                    seen.add((kind, name))
                    todo.append(document["components"][kind][name])
            todo += node.values()
        elif isinstance(node, list):
            todo += node
    return seen


def _as_draft4(node: Any) -> Any:
    """OpenAPI 3.0 as draft 4 of JSON schema: `nullable` becomes a type, references absolute."""
    if isinstance(node, list):
        return [_as_draft4(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {name: _as_draft4(value) for name, value in node.items() if name != "nullable"}
    if isinstance(node.get("$ref"), str):
        made["$ref"] = f"{_ROOT}{node['$ref']}"
    if node.get("nullable") is not True:
        return made
    if isinstance(made.get("enum"), list) and None not in made["enum"]:
        made["enum"].append(None)
    if isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if any(name in made for name in ("$ref", "allOf", "anyOf", "oneOf")):
        return {"anyOf": [made, {"type": "null"}]}
    return made
