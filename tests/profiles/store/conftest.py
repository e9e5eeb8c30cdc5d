"""Requests to store, and what adds them as a scan does."""

import random

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.profiles.accounts import profile
from stillwatch.profiles.store.hourly import hourly, hours_of
from stillwatch.profiles.store.manifest import Belongs
from stillwatch.profiles.store.parts import ADDED
from stillwatch.profiles.store.seen import hashes
from stillwatch.profiles.store.store import hour_of, opened, present
from stillwatch.profiles.store.taking import taking

WEEK = 168


OURS = Belongs(key="f00d", grain="user")


def added_of(batch):
    """What each request adds to the sums: one request, and a number of its own in each other column."""
    tokens = batch.column("usage_output_tokens").fill_null(0).to_numpy()
    return np.stack([np.ones(len(batch), np.int64), *(tokens * k for k in range(1, len(ADDED)))], axis=1)


class Shelf:
    """A store in a folder, used as scans use it, and what is expected of it."""

    def __init__(self, folder, batch_of, as_dicts):
        self.folder, self.batch_of, self._as_dicts = folder, batch_of, as_dicts

    def add(self, logs, *, lateness_hours=WEEK, belongs=OURS):
        """Adds logs (name -> batches, or rows) as one scan; gives (repeated, late)."""
        with opened(self.folder, belongs) as store, taking(store, lateness_hours=lateness_hours) as new:
            for name, log in logs.items():
                if new.known(name):
                    continue
                for batch in [self.batch_of(log)] if isinstance(log, list) else log:
                    some = batch.filter(pa.array(new.admit(hashes(batch), hours_of(batch))))
                    new.add(hourly(some, added_of(some)))
                new.finished(name)
        return new.repeated, new.late

    def people(self, before=None):
        """Everybody as plain values."""
        out = {}
        with opened(self.folder) as store:
            for profiles in store.people(before):
                found = self._as_dicts(profiles)
                assert not out.keys() & found.keys(), "an account comes once"
                assert list(found) == profiles.ids.to_pylist(), "in order"
                out |= found
        return out

    def sums(self, *accounts):
        """Sums of everybody, or of some, as plain rows."""
        with opened(self.folder) as store:
            return store.sums(*([accounts] if accounts else [])).to_pylist()

    def expected_people(self, rows):
        """What is to be found when these were added."""
        return self._as_dicts(profile(self.batch_of(rows)))

    def expected_sums(self, rows, account=""):
        """Likewise, by hour."""
        batch, out = self.batch_of(rows), {}
        for moment, added in zip(batch["time"].to_pylist(), added_of(batch).tolist(), strict=True):
            now = out.setdefault(hour_of(moment), [0] * len(ADDED))
            out[hour_of(moment)] = [a + b for a, b in zip(now, added, strict=True)]
        return [
            {"account_id": account, "hour": hour} | dict(zip(ADDED, out[hour], strict=True)) for hour in sorted(out)
        ]

    @property
    def held(self):
        """What the manifest says."""
        return present(self.folder)

    @property
    def first(self):
        """The hour with which days begin."""
        return hour_of(self.batch_of([{"hour": 0}])["time"][0].as_py())

    @property
    def files(self):
        """The names of all files that lie there."""
        return {path.stem for path in self.folder.rglob("*.parquet")}


@pytest.fixture
def shelf(tmp_path, batch_of, as_dicts):
    """A store, not made yet."""
    return Shelf(tmp_path / "s", batch_of, as_dicts)


@pytest.fixture
def shelves(tmp_path_factory, batch_of, as_dicts):
    """Any number of them."""
    return lambda: Shelf(tmp_path_factory.mktemp("store") / "s", batch_of, as_dicts)


@pytest.fixture(scope="session")
def days():
    """Some days of a few accounts, 40 requests each, hours mixed."""

    def rows(count, *, first=0, each=40, seed=0):
        draw = random.Random(seed)  # noqa: S311
        return [
            {
                "request_id": f"d{day}.{i}",
                "account_id": draw.choice(["a", "b", "b2", "c", "ä", "zz"]),
                "hour": 24 * day + draw.random() * 24,
                "ask": f"Why is item {draw.randrange(30)} of the list on day {day} so much heavier than all others?",
                "usage_output_tokens": draw.randrange(900),
                "client_address": draw.choice(["x", "y", None]),
            }
            for day in range(first, first + count)
            for i in range(each)
        ]

    return rows
