"""Attempts that failed, by name and address."""

import pytest

from stillwatch.web.access.throttle import WINDOW_SECONDS, Throttle
from stillwatch.web.asking import TooMany


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    return Throttle(clock)


def attempts(throttle, number, name="ana", address="192.0.2.1"):
    for _ in range(number):
        throttle.attempt(name, address)


def test_five_failures_of_a_name_from_an_address_are_enough(throttle, clock):
    attempts(throttle, 5)
    with pytest.raises(TooMany, match="15 minutes"):
        attempts(throttle, 1, "ANA")
    attempts(throttle, 1, address="192.0.2.2")
    clock.now += WINDOW_SECONDS
    attempts(throttle, 5)


def test_thirty_names_from_an_address_are_enough(throttle):
    for number in range(30):
        attempts(throttle, 1, f"name{number}")
    with pytest.raises(TooMany):
        attempts(throttle, 1, "another")


def test_a_hundred_addresses_for_a_name_are_enough(throttle):
    for number in range(100):
        attempts(throttle, 1, address=f"192.0.2.{number}")
    with pytest.raises(TooMany):
        attempts(throttle, 1, address="198.51.100.1")
    attempts(throttle, 1, "bob", "198.51.100.1")


def test_what_was_right_counts_for_nothing(throttle):
    for _ in range(40):
        attempts(throttle, 1)
        throttle.passed("ana", "192.0.2.1")


def test_a_flood_of_names_takes_bounded_memory(throttle):
    for number in range(11_000):
        attempts(throttle, 1, f"name{number}", f"address{number}")
    assert len(throttle._failures) <= 10_000  # noqa: SLF001 — what it is about
