"""Arrivals: the requests of all streams, in the order of time, a slice of the window after the other.

Each unit of a stream has a number; its time, its account and its turns follow from keys made of it, so a slice is
computed without what went before, except for turns and retries that reach over from the slice before.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.simulate.accounts import HOUR, LAUNCHED, Accounts
from stillwatch.simulate.keys import below, mix, uniform
from stillwatch.simulate.streams import QUOTA_HOURS, ROUTES, Table

ROW = np.dtype(
    [
        ("time", np.int64),  # microseconds from the start of the window
        ("stream", np.int32),
        ("account", np.int32),
        ("unit", np.uint64),  # the key of the conversation
        ("item", np.uint64),  # the key of what is asked first
        ("turn", np.int16),
        ("attempt", np.int16),
        ("status", np.int16),
        ("model", np.int16),
        ("refused", np.bool_),
    ]
)
Rows = NDArray[np.void]
Values = dict[str, NDArray[Any]]  # `Table.values`

_MOST_TURNS = 7
_ROUNDS = 5  # tries to find an account that is awake
_SLICE_ROWS = 120_000


def slices(table: Table) -> Iterator[tuple[int, int]]:
    """Cuts the window into runs of hours of about as many requests each."""
    turns = 1.0 + table.values["turns"]
    expected = (np.diff(table.units, axis=1) * turns[:, None]).sum(axis=0)
    begin, held = 0, 0.0
    for hour, rows in enumerate(expected):
        if hour > begin and held + rows > _SLICE_ROWS:
            yield begin, hour
            begin, held = hour, 0.0
        held += rows
    yield begin, len(expected)


def arrivals(table: Table, accounts: Accounts, launch: float | None) -> Iterator[Rows]:
    """The rows of one slice after the other; within and across slices in the order of time."""
    of = table.values
    heaped = np.concatenate([[0.0], np.cumsum(accounts.weight)])
    hours = table.units.shape[1] - 1
    waiting = np.empty(0, dtype=ROW)
    for begin, end in slices(table):
        rows = np.concatenate([waiting, _slice(table, of, accounts, heaped, (begin, end))])
        rows = rows[np.argsort(rows["time"], kind="stable")]
        cut = len(rows) if end == hours else int(np.searchsorted(rows["time"], end * HOUR))
        inside = int(np.searchsorted(rows["time"], hours * HOUR)) if end == hours else cut
        yield _with_models(rows[:inside], of, accounts, launch)
        waiting = rows[cut:]


def _slice(table: Table, of: Values, accounts: Accounts, heaped: NDArray[np.float64], span: tuple[int, int]) -> Rows:
    stream, hour, number = _units(table, span)
    time = ((hour + uniform(mix(table.key[stream], number, 1))) * HOUR).astype(np.int64)
    account, there = _accounts(table, of, accounts, heaped, (stream, hour, number, time))
    rows = np.empty(len(stream), dtype=ROW)
    rows["time"], rows["stream"], rows["account"] = time, stream, account
    rows["unit"] = mix(table.key[stream], number)
    listed = np.where(of["items"][stream] > 0, of["items"][stream], np.iinfo(np.int64).max)
    rows["item"] = mix(table.list_key[stream], 2, (number // of["repeats"][stream]) % listed)
    rows["turn"], rows["attempt"], rows["model"] = 0, 0, -1
    return _retried(_answered(_turns(rows[there], of), of), of)


def _units(table: Table, span: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Stream, hour and number of every unit that begins within the slice."""
    edges = np.ceil(table.units[:, span[0] : span[1] + 1] - 1e-9).astype(np.int64)
    counts = np.diff(edges, axis=1)
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    before = np.cumsum(counts.ravel()) - counts.ravel()
    number = edges[:, :-1].ravel()[cell] + np.arange(len(cell)) - before[cell]
    return cell // counts.shape[1], span[0] + cell % counts.shape[1], number


Units = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _accounts(
    table: Table, of: Values, accounts: Accounts, heaped: NDArray[np.float64], units: Units
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The account of each unit, and whether it exists at that time."""
    stream, hour, number, time = units
    first, size = _pools(of, stream, time / HOUR)
    key = mix(table.key[stream], number, 3)
    position = below(key, size)
    progress = number / np.maximum(1, of["total"][stream])
    window = np.ceil(table.units[stream, hour - hour % QUOTA_HOURS]).astype(np.int64)
    today = hour - hour % 24
    start, stop = table.units[stream, today], table.units[stream, np.minimum(today + 24, table.units.shape[1] - 1)]
    chosen = {
        "round_robin": number % size,
        "sticky": below(mix(table.key[stream], number // 9, 4), size),
        "fill_first": ((number - window) // of["quota"][stream]) % size,
        "drain": (progress * size).astype(np.int64),
        "reset_drain": ((number - start) / np.maximum(1.0, stop - start) * size).astype(np.int64),
        "single": np.zeros_like(number),
    }
    for name, where in chosen.items():
        position = np.where(of["route"][stream] == ROUTES.index(name), where, position)
    account = first + position.clip(0, size - 1)
    return _weighted(of, accounts, heaped, (stream, time, key), account)


def _pools(
    of: Values, stream: NDArray[np.int64], hour: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First account and number of accounts of the pool in use."""
    first, last, pool = of["first"][stream], of["last"][stream], of["pool"][stream]
    early, split = hour < of["rotate"][stream], pool > 0
    return np.where(split & ~early, first + pool, first), np.where(
        split, np.where(early, pool, last - first - pool), last - first
    )


def _weighted(
    of: Values,
    accounts: Accounts,
    heaped: NDArray[np.float64],
    units: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]],
    account: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Accounts by their weights; where they sleep or stay away, another is drawn."""
    stream, time, key = units
    there = np.ones(len(account), dtype=np.bool_)
    first, size = _pools(of, stream, time / HOUR)
    open_ = np.flatnonzero(of["route"][stream] == ROUTES.index("weighted"))
    for attempt in range(_ROUNDS):
        low, high = heaped[first[open_]], heaped[first[open_] + size[open_]]
        at = low + uniform(mix(key[open_], attempt)) * (high - low)
        last = first[open_] + size[open_] - 1
        account[open_] = np.minimum(np.searchsorted(heaped, at, side="right") - 1, last)
        awake = _awake(accounts, account[open_], time[open_], mix(key[open_], attempt, 5))
        open_ = open_[~awake & of["thinned"][stream[open_]]]
    hour = time / HOUR
    there &= ~of["thinned"][stream] | ((hour >= accounts.begin[account]) & (hour < accounts.end[account]))
    return account, there


def _awake(
    accounts: Accounts, account: NDArray[np.int64], time: NDArray[np.int64], key: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    hour = time / HOUR
    local = hour + accounts.zone[account]
    day = np.floor(local / 24.0).astype(np.int64)
    awake = np.where(
        (local % 24.0 < 7.0) | (local % 24.0 > 23.5), 0.06, 0.5 + 0.5 * np.sin((local % 24.0 - 7.0) / 16.5 * np.pi)
    )
    present = uniform(mix(accounts.key[account], day + 1000, 6)) < accounts.presence[account]
    alive = (hour >= accounts.begin[account]) & (hour < accounts.end[account])
    return alive & present & (uniform(key) < awake)


def _turns(rows: Rows, of: Values) -> Rows:
    """One row a turn; a later turn may come from another account."""
    mean = of["turns"][rows["stream"]]
    chance = np.maximum(mean / (1.0 + mean), 1e-9)
    more = np.log1p(-uniform(mix(rows["unit"], 51))) / np.log(chance)
    count = 1 + np.minimum(more.astype(np.int64), _MOST_TURNS)
    told = np.repeat(rows, count)
    told["turn"] = np.arange(len(told)) - np.repeat(np.cumsum(count) - count, count)
    key = mix(told["unit"], told["turn"], 52)
    pause = (told["turn"] + uniform(key) * (told["turn"] > 0)) * (30.0 + 300.0 * uniform(mix(told["unit"], 53))) * 1e6
    told["time"] += pause.astype(np.int64)
    moved = (told["turn"] > 0) & (uniform(mix(key, 54)) < of["handoff"][told["stream"]])
    first, size = _pools(of, told["stream"], told["time"] / HOUR)
    told["account"] = np.where(moved, first + below(mix(key, 55), size), told["account"])
    return told


def _answered(rows: Rows, of: Values) -> Rows:
    """Most are answered; some are limited, fail, are malformed or refused."""
    chance = uniform(mix(rows["unit"], rows["turn"], 61))
    limited, broken = of["limited"][rows["stream"]], of["broken"][rows["stream"]]
    edges = np.stack([limited, limited + broken * 0.6, limited + broken, limited + broken + 0.003])
    rows["status"] = np.select(list(chance < edges), [429, 500, 503, 400], 200)
    refused = uniform(mix(rows["unit"], rows["turn"], 62)) < np.maximum(of["refused"][rows["stream"]], 0.002)
    rows["refused"] = refused & (rows["status"] == 200)
    return rows


def _retried(rows: Rows, of: Values) -> Rows:
    """Those who were limited or met an error send it again: most to the same account, some elsewhere."""
    key = mix(rows["unit"], rows["turn"], 63)
    failed = np.isin(rows["status"], (429, 500, 503)) & (uniform(key) < 0.8)
    switched = (rows["refused"] | (failed & (rows["status"] >= 500))) & (
        uniform(mix(key, 1)) < of["switch"][rows["stream"]]
    )
    again = rows[failed | switched].copy()
    key, switched = key[failed | switched], switched[failed | switched]
    again["time"] += ((2.0 + 40.0 * uniform(mix(key, 2))) * 1e6).astype(np.int64)
    again["attempt"], again["status"], again["refused"] = 1, 200, False
    again["model"] = np.where(switched, below(mix(key, 3), 2), -1)
    first, size = _pools(of, again["stream"], again["time"] / HOUR)
    moved = of["failover"][again["stream"]] & ~switched
    again["account"] = np.where(moved, first + below(mix(key, 4), size), again["account"])
    return np.concatenate([rows, again])


def _with_models(rows: Rows, of: Values, accounts: Accounts, launch: float | None) -> Rows:
    """The model of each request: the account's usual one, now and then another, the new one once it is out."""
    key = mix(rows["unit"], 64)
    usual = np.where(uniform(key) < 0.85, accounts.model[rows["account"]], below(mix(key, 1), LAUNCHED))
    if launch is not None:
        hour = rows["time"] / HOUR
        adopted = hour > launch + accounts.adopts[rows["account"]]
        pivoted = (hour > of["pivot"][rows["stream"]]) & (uniform(mix(key, 2)) < 0.9)
        usual = np.where(pivoted | (adopted & (uniform(mix(key, 3)) < 0.5)), LAUNCHED, usual)
    rows["model"] = np.where(rows["model"] >= 0, rows["model"], usual)
    return rows
