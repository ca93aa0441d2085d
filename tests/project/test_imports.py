"""What import-linter cannot say: which modules of the domain may know of HTTP."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

MAY_KNOW_HTTP = {"views", "middleware", "forms", "urls", "csrf", "apps"}
"""Modules and packages; ``apps`` because Django's own signal of a sign-in brings a request."""
HTTP = ("django.http", "django.shortcuts", "django.middleware", "django.contrib.messages")


def imported(source: str) -> Iterator[str]:
    """Yield every name that the source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def knows_http(source: str) -> list[str]:
    return [
        name for name in imported(source) if f"{name}.".startswith(tuple(f"{one}." for one in HTTP))
    ]


def domain_modules() -> list[Path]:
    recovery = settings.BASE_DIR / "recovery"
    return [
        path
        for path in sorted(recovery.rglob("*.py"))
        if path.relative_to(recovery).parts[0].removesuffix(".py") not in MAY_KNOW_HTTP
    ]


@pytest.mark.parametrize(
    "source",
    [
        "from django.http import HttpRequest",
        "from django import http",
        "import django.http.request",
        "if TYPE_CHECKING:\n    from django.http import HttpRequest",
        "def f():\n    from django.shortcuts import render",
    ],
)
def test_the_rule_sees_every_way_to_import(source):
    assert knows_http(source)


def test_the_domain_sees_no_request():
    guilty = {
        str(path): found for path in domain_modules() if (found := knows_http(path.read_text()))
    }

    assert domain_modules()
    assert guilty == {}
