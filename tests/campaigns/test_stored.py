"""A scan that goes on from stored profiles finds what one scan of everything finds, however the log was cut."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.campaigns import stored
from stillwatch.campaigns.scan import COLUMNS, scan
from stillwatch.campaigns.stored import scan_stored
from stillwatch.config import ScanConfig
from stillwatch.errors import InputError
from stillwatch.profiles.store.compacting import compact, prune
from stillwatch.profiles.store.manifest import Belongs
from stillwatch.profiles.store.store import hour_of, opened
from stillwatch.simulate import write
from stillwatch.simulate.scenario import parse
from stillwatch.traffic import Key, Rejects, open_requests, read_accounts

WRAPPED = {"name": "wrapped", "content": "reason", "topics": ["school"], "accounts": 40, "requests": 1200}
SMALL = {
    "name": "small",
    "seed": 5,
    "days": 3,
    "benign": {"people": 150, "scripts": 15, "apps": 1, "agent_users": 10},
    "campaign": [WRAPPED | {"payment_distinct": 0.2}],
}
KEY = Key.ephemeral()
FAR = 1 << 24
OURS = Belongs(KEY.fingerprint, "user")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("small")
    write(parse(SMALL), out)
    return out / "alpha"


@pytest.fixture(scope="module")
def requests(made):
    return pq.read_table(made / "requests.parquet")


@pytest.fixture(scope="module")
def accounts(made):
    return read_accounts(made / "accounts.parquet", key=KEY, rejects=Rejects())


@pytest.fixture(scope="module")
def of(tmp_path_factory, accounts):
    """Scans tables, each as a file of its own, into a store if one is named."""

    def run(*tables, into=None, until=None, lateness_hours=168, threads=2, growth=0.0):
        folder = tmp_path_factory.mktemp("logs")
        for number, table in enumerate(tables):
            pq.write_table(table, folder / f"{number}.parquet", row_group_size=500)
        source = open_requests([str(folder)], rejects=Rejects(), key=KEY, columns=COLUMNS)
        config = ScanConfig(threads=threads)
        if into is None:
            return scan(source, accounts, settings=config, until=until)
        with opened(into, OURS) as store:
            kept = {"lateness_hours": lateness_hours, "growth": growth, "whole_days": 7}
            return scan_stored(source, accounts, store, settings=config, **kept, until=until)

    return run


@pytest.fixture(scope="module")
def at_once(of, requests, tmp_path_factory):
    """Everything in one scan, into a store."""
    return of(requests, into=tmp_path_factory.mktemp("once") / "s")


def judged(findings):
    """All of it but what is of the texts that were read last, and what is known of when."""
    campaigns = tuple(replace(each, shared_text=(), taken=None) for each in findings.campaigns)
    return replace(findings, campaigns=campaigns, inputs=replace(findings.inputs, files=0, notes=()))


def timeless(findings):
    """Likewise, but for when the line was passed."""
    never = datetime(1970, 1, 1, tzinfo=UTC)
    of = tuple(replace(c, crossed_at=never, requests_before_crossing=0) for c in judged(findings).campaigns)
    return replace(judged(findings), campaigns=of)


def members(findings):
    return {frozenset(each.account_id for each in campaign.accounts) for campaign in findings.campaigns}


def test_one_scan_into_a_store_is_a_scan(of, requests, at_once):
    plain = of(requests)
    assert plain.campaigns, "there is one to be found"
    assert timeless(at_once) == timeless(plain)
    for one, other in zip(at_once.campaigns, plain.campaigns, strict=True):
        assert one.taken == other.taken, "all of it was read now"
        assert one.shared_text == other.shared_text
        assert one.crossed_at.minute == one.crossed_at.second == 0, "known to the hour"


@pytest.mark.slow
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_any_cut_into_scans_in_any_order_with_repeats_and_overlaps(seed, of, requests, at_once, tmp_path_factory):
    folder, n, draw = tmp_path_factory.mktemp("many") / "s", requests.num_rows, random.Random(seed)  # noqa: S311
    order = draw.sample(range(n), n)
    bounds = sorted(draw.sample(range(n), 2))
    pieces = [order[a:b] for a, b in pairwise([0, *bounds, n])]
    overlapping = [piece + draw.sample(order, draw.randrange(400)) for piece in pieces]
    for piece in overlapping:
        half = len(piece) // 2
        findings = of(
            *(requests.take(pa.array(rows, pa.int64())) for rows in (piece[:half], piece[half:])), into=folder
        )
    assert judged(findings) == judged(at_once)


def test_day_after_day(of, requests, at_once, tmp_path):
    day = pc.floor_temporal(requests["time"], unit="day")
    days = [requests.filter(pc.equal(day, each)) for each in sorted(pc.unique(day).to_pylist())]
    for each in days:
        findings = of(each, into=tmp_path / "s")
    assert judged(findings) == judged(at_once)
    for campaign in findings.campaigns:
        assert campaign.taken is None, "not all of it was read now: unknown, not less"
        assert sum(hour.requests for hour in campaign.timeline) == campaign.requests
    assert any("stored profiles since 2026" in note for note in findings.inputs.notes)
    with opened(tmp_path / "s") as store:
        compact(store, days_before=FAR, months_before=0)
    merged = of(days[-1].slice(5), into=tmp_path / "s")
    assert timeless(merged) == timeless(at_once)
    assert any("had been counted before" in note for note in merged.inputs.notes)
    assert any("known to the day" in note for note in merged.inputs.notes)
    for late, early in zip(merged.campaigns, at_once.campaigns, strict=True):
        assert late.crossed_at >= early.crossed_at, "never before it could have been seen"


def test_days_that_look_at_what_is_new_find_the_same_campaign_and_keep_it(of, requests, at_once, tmp_path):
    half_day = pc.floor_temporal(requests["time"], 12, unit="hour")
    pieces = [requests.filter(pc.equal(half_day, each)) for each in sorted(pc.unique(half_day).to_pylist())]
    for each in pieces:
        findings = of(each, into=tmp_path / "s", growth=0.1)
    assert any("Looked at were the campaigns found before and" in note for note in findings.inputs.notes)
    assert members(findings) == members(at_once)
    again = of(requests.slice(0, 40), into=tmp_path / "s", growth=0.1)
    assert any("before and 0 accounts" in note for note in again.inputs.notes), "nothing of it is new"
    assert members(again) == members(at_once)


def test_a_scan_that_is_interrupted_while_judging_is_made_up_for(of, requests, at_once, tmp_path, monkeypatch):
    """What it had added is no longer new when it runs again, and is looked at all the same."""
    half = requests.num_rows // 2
    of(requests.slice(0, half), into=tmp_path / "s", growth=0.1)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(stored, "scan_readings", interrupted)
        with pytest.raises(KeyboardInterrupt):
            of(requests.slice(half), into=tmp_path / "s", growth=0.1)
    findings = of(requests.slice(half), into=tmp_path / "s", growth=0.1)
    assert findings.inputs.requests == requests.num_rows, "nothing counts twice, and nothing is lost"
    assert members(findings) == members(at_once)


@pytest.mark.slow
def test_what_is_forgotten_is_as_if_it_had_not_been(of, requests, tmp_path):
    first = hour_of(pc.min(requests["time"]).as_py()) // 24 * 24
    later = requests.filter(pc.greater_equal(requests["time"].cast(pa.int64()), (first + 24) * 3_600_000_000))
    of(requests, into=tmp_path / "s")
    with opened(tmp_path / "s") as store:
        prune(store, first + 24)
    again = of(requests.slice(7), into=tmp_path / "s")
    assert timeless(again) == timeless(of(later))
    assert any("were left out" in note for note in again.inputs.notes)


def test_until_is_a_full_hour_of_what_is_stored(of, requests, tmp_path):
    noon = datetime(2026, 9, 2, 12, tzinfo=UTC)
    now = of(requests, into=tmp_path / "s", until=noon)
    assert timeless(now) == timeless(of(requests, until=noon))
    with opened(tmp_path / "s") as store:
        assert sum(part.requests for part in store.manifest.parts) == requests.num_rows, "all of it is stored"


@pytest.mark.slow
def test_how_many_threads_read_does_not_matter(of, requests, tmp_path):
    """Of a request that comes twice the first counts, whichever thread is quicker."""
    twice = requests.set_column(
        requests.schema.get_field_index("usage_output_tokens"),
        "usage_output_tokens",
        pc.add(requests["usage_output_tokens"], 1000),
    )
    rows = random.Random(3).sample(range(requests.num_rows), 800)  # noqa: S311
    tables = [requests, twice.take(pa.array(rows))]
    found = [of(*tables, into=tmp_path / f"{threads}", threads=threads) for threads in (1, 5)]
    assert judged(found[0]) == judged(found[1])
    assert found[0].inputs.requests == requests.num_rows
    assert found[0].inputs.usage_output_tokens == pc.sum(requests["usage_output_tokens"]).as_py()
    assert found[0].campaigns[0].taken is not None
    answers = sum(each.answers for each in found[0].campaigns[0].taken)
    assert answers <= found[0].campaigns[0].requests, "a second copy is no second answer"


def test_nothing_at_all_is_one_line(of, requests, tmp_path):
    with pytest.raises(InputError, match="neither in these logs nor stored"):
        of(requests, into=tmp_path / "s", until=datetime(2020, 1, 1, tzinfo=UTC))
