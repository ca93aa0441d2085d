"""Whether the sign-in page's time tells who exists (ASVS 6.3.8)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from benchmarks.pairs import Row, side_by_side
from recovery.models import Throttle

PASSWORD = "a long invented password"  # noqa: S105 - of this benchmark's own database
RUNS = 60


def measure_sign_in() -> Iterator[Row]:
    """Wrong passwords for a known and an unknown name, on both sign-in pages."""
    get_user_model().objects.create_user("known", password=PASSWORD, is_staff=True)
    for route in ("admin:login", "recovery:sign_in"):
        yield side_by_side(
            f"wrong password at {reverse(route)}: known name ÷ unknown name",
            _attempt(reverse(route), "known"),
            _attempt(reverse(route), "nobody"),
            runs=RUNS,
        )


def _attempt(url: str, name: str):
    addresses = itertools.count(1)

    def attempt() -> None:
        number = next(addresses)
        Throttle.objects.all().delete()
        Client(REMOTE_ADDR=f"198.51.{number // 250}.{number % 250 + 1}").post(
            url, {"name": name, "password": "not the password"}
        )

    return attempt
