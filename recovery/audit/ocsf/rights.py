"""Rights in OCSF's words: given or taken, to a person or to a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from recovery.audit.ocsf import table
from recovery.audit.ocsf.table import Activity, EventClass

OF_USERS: Final = {"given": table.ASSIGN, "taken": table.REVOKE}
OF_GROUPS: Final = {"given": table.ASSIGN_TO_GROUP, "taken": table.REVOKE_FROM_GROUP}
GROUPS_THEMSELVES: Final = Activity(EventClass.GROUP_MANAGEMENT, table.OTHER)


def activity_of(detail: Mapping[str, Any]) -> Activity:
    """What became of rights that were changed past the desk."""
    kinds = OF_GROUPS if _is_of_a_group(detail) else OF_USERS
    if given_in(detail):
        return kinds["given"]
    if not _is_of_a_group(detail) or detail.get("removed"):
        return kinds["taken"]
    return GROUPS_THEMSELVES


def privileges_in(detail: Mapping[str, Any]) -> list[str]:
    """What was given or, if nothing was, what was taken. A refusal records none: nothing was."""
    return given_in(detail) or _named(detail, "removed") or _flags(detail, "was") or _was(detail)


def given_in(detail: Mapping[str, Any]) -> list[str]:
    """A role, groups, permissions or flags that somebody has now and had not."""
    return _named(detail, "role") or _named(detail, "added") or _flags(detail, "now")


def holder_of(detail: Mapping[str, Any]) -> str:
    """Who holds them by name, where the holder has no account."""
    is_somebody = str(detail.get("what", "")).startswith("user")
    return str(detail.get("of", "")) if is_somebody else ""


def _is_of_a_group(detail: Mapping[str, Any]) -> bool:
    return str(detail.get("what", "")).startswith("group")


def _was(detail: Mapping[str, Any]) -> list[str]:
    return [] if "what" in detail else _named(detail, "was")


def _named(detail: Mapping[str, Any], key: str) -> list[str]:
    named = detail.get(key)
    several = named if isinstance(named, list) else [named]
    return [str(one) for one in several if one]


def _flags(detail: Mapping[str, Any], key: str) -> list[str]:
    flags = detail.get(key)
    return (
        [str(name) for name, is_set in flags.items() if is_set] if isinstance(flags, dict) else []
    )
