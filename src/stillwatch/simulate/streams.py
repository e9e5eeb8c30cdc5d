"""Streams: who asks what, when, and through which accounts of a crowd.

A stream is the unit of traffic: all people, one team's nightly job, one operator's work list. It is a value; `Table`
turns many of them into columns, so that `arrivals` and `rendering` treat a thousand streams at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.keys import Keys, mix, normal, uniform
from stillwatch.simulate.vocabulary import Vocabulary

ROUTES = ("weighted", "random", "round_robin", "sticky", "fill_first", "drain", "reset_drain", "single")
VOICES = ("account", "unit")
TOPICS = ("account", "anyone", "listed")
_MOST_FIELDS = 40
QUOTA_HOURS = 5


@dataclass(frozen=True)
class Stream:
    """One source of traffic.

    Attributes:
        accounts: first and last + 1 of the accounts that it may use.
        units: conversations or single requests over the window.
        hours: relative intensity of each hour of the window.
        thinned: the accounts sleep, stay away on days, and come and go (`Accounts.zone`, `presence`, `begin`, `end`).
        items: length of the list that is worked through; 0: no item twice. Streams with the same `list_key` share it.
    """

    key: int
    kind: str
    accounts: tuple[int, int]
    units: int
    hours: NDArray[np.float64]
    campaign: int = -1
    group: int = 0  # 0: the account's own
    # what
    user: str = "ask"
    follow: str = "follow"
    answer: str = "answer"
    system: str | None = None
    hole: str = "instruct"
    voice: str = "account"
    topics: str = "account"
    fields: tuple[int, ...] = ()
    items: int = 0
    list_key: int = 0
    repeats: int = 1
    adapt_hours: float = 0.0
    turns: float = 0.0
    conversations: bool = False
    # through which account
    route: str = "weighted"
    thinned: bool = True
    quota: int = 25
    pool: int = 0  # size of the first pool, if there are two
    rotate: float = 1e9  # hour of the change
    handoff: float = 0.0
    # how
    pivot: float = 1e9  # hour from which the new model is used
    limited: float = 0.01  # share answered with 429
    broken: float = 0.005  # share answered with 500 or 503
    failover: bool = False  # what was limited is sent again through another account
    refused: float = 0.0
    switch: float = 0.0  # how often what was refused or broke is sent again to another model
    address: int = -1  # -1: the account's own way
    sanitized: bool = False
    temperature: float | None = None
    max_tokens: int = 0
    choices: int = 1


@dataclass(frozen=True)
class Table:
    """Streams as columns; the units of hour h are those from `ceil(units[s, h])` to `ceil(units[s, h + 1])`."""

    streams: tuple[Stream, ...]
    units: NDArray[np.float64]  # (streams, hours + 1)
    key: Keys
    list_key: Keys
    group: Keys
    fields: NDArray[np.int32]  # (streams, _MOST_FIELDS)
    n_fields: NDArray[np.int64]
    symbols: dict[str, NDArray[np.int32]]  # user, follow, answer, hole, system (-1: none)
    values: dict[str, NDArray[Any]]  # the other properties, one value a stream


def table(streams: Sequence[Stream], words: Vocabulary) -> Table:
    """The columns of these streams; those without a unit are left out."""
    kept = tuple(s for s in streams if s.units > 0)
    fields = np.zeros((len(kept), _MOST_FIELDS), dtype=np.int32)
    for i, stream in enumerate(kept):
        fields[i, : len(stream.fields)] = stream.fields
    said = {name: [getattr(s, name) for s in kept] for name in ("user", "follow", "answer", "hole", "system")}
    return Table(
        kept,
        np.stack([_cumulated_units(s) for s in kept]),
        np.array([s.key for s in kept], dtype=np.uint64),
        np.array([s.list_key or s.key for s in kept], dtype=np.uint64),
        np.array([s.group for s in kept], dtype=np.uint64),
        fields,
        np.array([len(s.fields) for s in kept]),
        {name: np.array([-1 if v is None else words.symbols[v] for v in of], np.int32) for name, of in said.items()},
        {**_values(kept), "temperature": np.array([s.temperature for s in kept], dtype=np.float64)},
    )


def _values(streams: Sequence[Stream]) -> dict[str, NDArray[Any]]:
    """The properties that are numbers, and those that are one of a few names, as their places among these."""
    plain = (
        "campaign", "adapt_hours", "conversations", "thinned", "quota", "pool", "rotate", "handoff", "repeats",
        "items", "turns", "pivot", "limited", "broken", "failover", "refused", "switch", "address", "sanitized",
        "max_tokens", "choices",
    )  # fmt: skip
    named = {"route": ROUTES, "voice": VOICES, "topics": TOPICS}
    return {
        **{name: np.array([getattr(s, name) for s in streams]) for name in plain},
        **{name: np.array([known.index(getattr(s, name)) for s in streams]) for name, known in named.items()},
        "first": np.array([s.accounts[0] for s in streams]),
        "last": np.array([s.accounts[1] for s in streams]),
        "total": np.array([s.units for s in streams]),
    }


def _cumulated_units(stream: Stream) -> NDArray[np.float64]:
    """The expected number of units before each hour; some hours are livelier than others."""
    noise = np.exp(0.25 * normal(mix(stream.key, 31, np.arange(len(stream.hours)))))
    running = np.concatenate([[0.0], np.cumsum(stream.hours * noise)])
    cumulated: NDArray[np.float64] = running / running[-1] * stream.units
    return cumulated


def hours(
    timing: str, days: int, key: int, window: tuple[float, float] = (0.0, 1e9), launch: float | None = None
) -> NDArray[np.float64]:
    """The shape of a stream over the hours of the window.

    Args:
        timing: flat, human, office, nightly, commits, burst, ramp, quota, launch, decay or lesson.
        days: length of the window.
        key: decides what the shape leaves open (which night, which hour).
        window: first and last day on which there is anything.
        launch: the hour at which a model comes out, for `launch`.
    """
    hour = np.arange(days * 24, dtype=np.float64)
    first, last = window[0] * 24.0, min(window[1] * 24.0, days * 24.0)
    inside = ((hour + 1 > first) & (hour < last)).astype(np.float64)
    progress = ((hour - first) / max(1.0, last - first)).clip(0.0, 1.0)
    shape = inside * _shape(timing, hour, progress, (key, first, last, launch if launch is not None else first))
    return shape if shape.sum() > 0 else inside


def _shape(
    timing: str, hour: NDArray[np.float64], progress: NDArray[np.float64], told: tuple[int, float, float, float]
) -> NDArray[np.float64]:
    key, first, last, launch = told
    draw = [float(uniform(mix(key, 41, i))[0]) for i in range(4)]
    of_day = (hour + 24.0 * draw[0]) % 24.0
    weekday = ((hour // 24) % 7 < 5).astype(np.float64)
    office = np.exp(-(((of_day - 13.5) / 3.5) ** 2)) * (0.1 + weekday)
    drawn = uniform(mix(key, 42, hour.astype(np.int64)))
    begin = first + draw[1] * max(0.0, last - first - 8.0)
    shapes = {
        "flat": np.ones_like(hour),
        "human": 0.25 + np.exp(-(((of_day - 14.0) / 5.0) ** 2)),
        "office": office,
        "nightly": (of_day < 8).astype(np.float64),
        "commits": office * (drawn < 0.3) * (0.2 + drawn * 4.0),
        "burst": ((hour >= np.floor(begin)) & (hour < begin + 2 + 8 * draw[2])) + 0.002,
        "ramp": 0.02 + progress**1.5,
        "quota": 0.05 + ((hour + np.floor(5 * draw[0])) % QUOTA_HOURS < 1),
        "launch": 0.08 + ((hour >= launch) & (hour < launch + 24.0)) * 3.0 + (hour >= launch) * 0.4,
        "decay": (hour >= begin) * np.exp(-(hour - begin).clip(0.0) / 30.0),
        "lesson": ((hour >= np.floor(begin)) & (hour < np.floor(begin) + 4))
        + 0.02 * (hour > begin - 24) * (hour < begin + 24),
    }
    return np.asarray(shapes[timing], dtype=np.float64)
