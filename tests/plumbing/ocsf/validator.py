"""Says what OCSF's rules have against an event: the schema's own, compiled by `compile.py`."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
VERSIONS = sorted(path.stem for path in HERE.glob("*.json"))
PRIMITIVES = {
    "boolean_t": bool,
    "integer_t": int,
    "long_t": int,
    "float_t": float,
    "string_t": str,
    "json_t": object,
}


@cache
def rules(version: str) -> dict[str, Any]:
    return json.loads((HERE / f"{version}.json").read_text(encoding="utf-8"))


def complaints(event: dict[str, Any]) -> list[str]:
    """Return all that is wrong with an event, in the version that it names; nothing if it fits."""
    schema = rules(event["metadata"]["version"])
    rule = schema["classes"].get(str(event["class_uid"]))
    if rule is None:
        return [f"class_uid: {event['class_uid']} is not compiled"]
    mixed = event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]
    return ["type_uid: of another activity"] * mixed + [*_object(event, rule, schema, "")]


def _object(
    value: dict[str, Any], rule: dict[str, Any], schema: dict[str, Any], at: str
) -> Iterator[str]:
    attributes = rule["attributes"]
    for name, attribute in attributes.items():
        if attribute.get("required") and value.get(name) is None:
            yield f"{at}{name}: missing"
    for name, held in value.items():
        if name not in attributes:
            yield f"{at}{name}: unknown"
        else:
            yield from _attribute(held, attributes[name], schema, f"{at}{name}")
            yield from _sibling(value, name, attributes[name], at)
    yield from _constraints(value, rule["constraints"], at)


def _attribute(
    held: Any, attribute: dict[str, Any], schema: dict[str, Any], at: str
) -> Iterator[str]:
    if not attribute.get("is_array"):
        yield from _single(held, attribute, schema, at)
    elif not isinstance(held, list):
        yield f"{at}: not a list"
    else:
        for number, one in enumerate(held):
            yield from _single(one, attribute, schema, f"{at}[{number}]")


def _single(held: Any, attribute: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[str]:
    kind = attribute["type"]
    if kind == "object":
        yield from () if isinstance(held, dict) else (f"{at}: not an object",)
    elif kind in schema["objects"] and isinstance(held, dict):
        yield from _object(held, schema["objects"][kind], schema, f"{at}.")
    else:
        yield from _primitive(held, kind, schema["types"], at)
    if "enum" in attribute and str(held) not in attribute["enum"]:
        yield f"{at}: {held!r} is not one of its values"


def _primitive(held: Any, kind: str, types: dict[str, Any], at: str) -> Iterator[str]:
    if kind not in types:
        yield f"{at}: {kind} is not compiled, or this is none"
        return
    rule = types[kind]
    if not _is_a(held, rule.get("type", kind)):
        yield f"{at}: {held!r} is no {kind}"
        return
    if "regex" in rule and not re.search(rule["regex"], held):
        yield f"{at}: {held!r} does not read like {kind}"
    if len(str(held)) > rule.get("max_len", len(str(held))):
        yield f"{at}: too long"


def _is_a(held: Any, kind: str) -> bool:
    return isinstance(held, PRIMITIVES[kind]) and isinstance(held, bool) == (kind == "boolean_t")


def _sibling(value: dict[str, Any], name: str, attribute: dict[str, Any], at: str) -> Iterator[str]:
    sibling = attribute.get("sibling")
    captions = attribute.get("enum", {})
    if sibling not in value or value[name] == 99:
        return
    if value[sibling] != captions.get(str(value[name])):
        yield f"{at}{sibling}: not the caption of {name}"


def _constraints(
    value: dict[str, Any], constraints: dict[str, list[str]], at: str
) -> Iterator[str]:
    for kind, names in constraints.items():
        there = [name for name in names if name in value]
        if not there or (kind == "just_one" and len(there) != 1):
            yield f"{at or 'event'}: {kind} of {', '.join(names)}"
