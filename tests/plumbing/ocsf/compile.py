"""Compiles the rules of the OCSF classes that we send out of the schema's own repository.

`python -m tests.plumbing.ocsf.compile CLONE 1.8.0` writes `1.8.0.json` beside this file, from the
tag of that name; CLONE is one of https://github.com/ocsf/ocsf-schema (Apache-2.0). Attributes of
profiles are left out, since we apply none, and so are deprecated ones: to send either is then an
unknown attribute.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLASSES = (
    "iam/account_change",
    "iam/authentication",
    "iam/entity_management",
    "iam/user_access",
    "iam/group_management",
    "system/event_log_activity",
    "application/application_lifecycle",
    "findings/detection_finding",
)
OBJECTS = (
    *("metadata", "product", "actor", "user", "session", "network_endpoint", "http_request"),
    *("auth_factor", "service", "group", "managed_entity", "application", "finding_info", "object"),
)


class Schema:
    """One version of the schema, read from a clone."""

    def __init__(self, clone: str, version: str) -> None:
        self.clone = clone
        self.commit = self._git("rev-parse", f"{version}^{{commit}}").strip()
        listed = self._git("ls-tree", "-r", "--name-only", self.commit).splitlines()
        self.paths = {Path(path).stem: path for path in listed if path.startswith("events/")}
        self.dictionary = self._read("dictionary.json")
        self.categories = self._read("categories.json")["attributes"]

    def compiled(self) -> dict:
        """Return the rules of our classes and of the objects that they hold."""
        classes = dict(self._class(f"events/{name}.json") for name in CLASSES)
        objects = {name: self._object(name) for name in OBJECTS}
        used = {
            rule["type"]
            for one in (*classes.values(), *objects.values())
            for rule in one["attributes"].values()
        }
        types = self.dictionary["types"]["attributes"]
        return {
            "source": "https://github.com/ocsf/ocsf-schema",
            "licence": "Apache-2.0",
            "made_by": "python -m tests.plumbing.ocsf.compile",
            "version": self._read("version.json")["version"],
            "commit": self.commit,
            "types": {name: _type(types[name]) for name in sorted(used & types.keys())},
            "classes": classes,
            "objects": objects,
        }

    def _class(self, path: str) -> tuple[int, dict]:
        resolved = self._resolved(path)
        category = self.categories[resolved["category"]]
        number, caption = category["uid"] * 1000 + resolved["uid"], resolved["caption"]
        rules = self._rules(resolved)
        activities = rules["attributes"]["activity_id"]["enum"].items()
        rules["attributes"]["category_uid"]["enum"] = {category["uid"]: category["caption"]}
        rules["attributes"]["class_uid"]["enum"] = {number: caption}
        rules["attributes"]["type_uid"]["enum"] = {
            number * 100 + int(activity): f"{caption}: {word}" for activity, word in activities
        }
        return number, rules

    def _object(self, name: str) -> dict:
        return self._rules(self._resolved(f"objects/{name}.json"))

    def _rules(self, resolved: dict) -> dict:
        kept = {
            name: self._attribute(name, attribute)
            for name, attribute in sorted(resolved["attributes"].items())
            if not attribute.get("profile") and "@deprecated" not in attribute
        }
        return {"attributes": kept, "constraints": resolved.get("constraints", {})}

    def _attribute(self, name: str, attribute: dict) -> dict:
        entry = _merged(self.dictionary["attributes"][name], attribute)
        rule = {"type": entry["type"]}
        rule |= {"is_array": True} if entry.get("is_array") else {}
        rule |= {"required": True} if entry.get("requirement") == "required" else {}
        rule |= {"sibling": entry["sibling"]} if "sibling" in entry else {}
        if "enum" in entry:
            rule["enum"] = {key: value["caption"] for key, value in entry["enum"].items()}
        return rule

    def _resolved(self, path: str) -> dict:
        own = self._read(path)
        for included in own["attributes"].pop("$include", []):
            profile = self._read(included)
            brought = {
                name: {"profile": profile["name"]} | attribute
                for name, attribute in profile["attributes"].items()
            }
            own["attributes"] = _merged(brought, own["attributes"])
        if "extends" not in own:
            return own
        parent = self._resolved(self._parent(path, own["extends"]))
        return parent | own | {"attributes": _merged(parent["attributes"], own["attributes"])}

    def _parent(self, path: str, name: str) -> str:
        return self.paths[name] if path.startswith("events/") else f"objects/{name}.json"

    def _read(self, path: str) -> dict:
        return json.loads(self._git("show", f"{self.commit}:{path}"))

    def _git(self, *arguments: str) -> str:
        command = ("git", "-C", self.clone, *arguments)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _merged(below: dict, above: dict) -> dict:
    """Lay one dictionary over another, as deep as both go."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _type(entry: dict) -> dict:
    return {key: entry[key] for key in ("type", "regex", "max_len", "range") if key in entry}


def main(clone: str, *versions: str) -> None:
    """Write one file for each version."""
    for version in versions:
        rules = json.dumps(Schema(clone, version).compiled(), indent=1)
        one_a_line = re.sub(r"\n {5,}|\n {4}(?=\})", " ", rules)
        (HERE / f"{version}.json").write_text(one_a_line + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
