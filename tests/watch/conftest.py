"""A journal, a clock that can be set, profiles of a few or of very many accounts."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.profiles.accounts import Profiles, profile
from stillwatch.profiles.state import FIELDS

DAY = 86_400.0


class Clock:
    """Says what it is told."""

    def __init__(self):
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()

    def __call__(self):
        return self.now

    def go(self, days):
        self.now += days * DAY


@pytest.fixture(scope="session")
def new_clock():
    return Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def plain():
    """Profiles as plain values: account id -> field -> value."""

    def values(profiles):
        ordered = profiles.ordered()
        columns = {name: ordered[name].tolist() for name in ordered.state}
        return {a: {name: column[i] for name, column in columns.items()} for i, a in enumerate(ordered.ids.to_pylist())}

    return values


@pytest.fixture(scope="session")
def asked(batch_of):
    """The profiles of one request of each account named."""

    def profiles(*accounts, hour=0):
        return profile(batch_of([{"request_id": f"{a}-{hour}", "account_id": a, "hour": hour} for a in accounts]))

    return profiles


@pytest.fixture(scope="session")
def crowd():
    """Profiles of `number` accounts, "a00000000" and so on from `first`, with so many requests each."""

    def profiles(number, first=0, requests=1, last=0):
        state = {name: np.full((number, n), empty, dtype) for name, (dtype, n, empty) in FIELDS.items()}
        state["requests"][:] = requests
        state["first"][:] = state["last"][:] = last
        return Profiles.of(pa.array([f"a{first + i:08}" for i in range(number)]), state)

    return profiles
