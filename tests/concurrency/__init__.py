"""Races of threads and processes against a real database."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

from django.db import connections


def at_once(count: int, run: Callable[[int], Any]) -> list[Any]:
    """Call ``run`` with 0, 1, 2 … in as many threads at the same moment.

    Returns what each call returned, or the exception that it raised, in the order of the numbers.
    """
    return race([lambda number=number: run(number) for number in range(count)])


def race(runners: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all runners at the same moment, each in a thread with a connection of its own."""
    outcomes: list[Any] = [None] * len(runners)
    start = Barrier(len(runners))

    def work(number: int) -> None:
        start.wait()
        try:
            outcomes[number] = runners[number]()
        except Exception as error:  # noqa: BLE001 - what a runner raised is its outcome
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [Thread(target=work, args=(number,)) for number in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
