"""A judgement finds what a scan finds, remembers what was raised, and knows a campaign's next account."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.campaigns.scan import COLUMNS, scan
from stillwatch.config import ScanConfig
from stillwatch.profiles.accounts import profile, zero
from stillwatch.reports.document import to_document
from stillwatch.simulate import write
from stillwatch.simulate.scenario import parse
from stillwatch.traffic import Key, Rejects, open_requests, read_accounts
from stillwatch.watch.judgement import Raised, judged

SCENARIO = {
    "name": "judged",
    "seed": 5,
    "days": 3,
    "benign": {"people": 150, "scripts": 15, "apps": 1, "agent_users": 10},
    "campaign": [
        {
            "name": "wrapped",
            "content": "reason",
            "topics": ["school"],
            "accounts": 40,
            "requests": 1200,
            "payment_distinct": 0.2,
        },
        {"name": "second", "content": "codetask", "accounts": 30, "requests": 600, "payment_distinct": 0.3},
    ],
}
KEY, SETTINGS = Key.ephemeral(), ScanConfig(threads=1)
ONLY_A_SECOND_READING = ("crossed_at", "requests_before_crossing", "timeline", "shared_text", "taken")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("judged")
    write(parse(SCENARIO), out)
    return out / "alpha"


def opened(folder):
    return open_requests([str(folder / "requests.parquet")], rejects=Rejects(), key=KEY, columns=COLUMNS)


@pytest.fixture(scope="module")
def desk(folder):
    return read_accounts(folder / "accounts.parquet", key=KEY, rejects=Rejects())


@pytest.fixture(scope="module")
def requests(folder):
    return pa.Table.from_batches([decode() for decode in opened(folder).batches()]).sort_by("time").combine_chunks()


@pytest.fixture(scope="module")
def until(requests):
    """Profiles of the first part of the log."""

    def fold(share, leave_out=()):
        first = requests.slice(0, int(share * requests.num_rows))
        kept = first.filter(pc.invert(pc.is_in(first["account_id"], pa.array(leave_out, pa.string()))))
        profiles = zero()
        for batch in kept.combine_chunks().to_batches():
            profiles.absorb(profile(batch))
        return profiles

    return fold


@pytest.fixture(scope="module")
def whole(until, desk):
    return judged(until(1.0), desk, SETTINGS)


def test_it_finds_what_a_scan_finds(folder, desk, whole):
    scanned = to_document(scan(opened(folder), desk, settings=SETTINGS))
    assert len(scanned.campaigns) == len(whole.document.campaigns) == 2

    def plain(document):
        return [campaign.model_dump(exclude=set(ONLY_A_SECOND_READING)) for campaign in document.campaigns]

    assert plain(whole.document) == plain(scanned)
    assert whole.document.window == scanned.window


def test_a_campaign_that_grows_keeps_its_name_and_when_it_was_raised(until, desk, whole):
    early = judged(until(0.7), desk, SETTINGS)
    late = judged(until(1.0), desk, SETTINGS, early.raised)
    assert early.document.campaigns
    for before in early.raised:
        campaign = late.document.campaign(before.id)
        assert campaign.crossed_at == early.document.campaign(before.id).crossed_at == early.document.window.end
        assert campaign.requests_before_crossing == before.requests_before < campaign.requests
        assert {each.account_id for each in campaign.accounts} >= before.accounts
    assert {c.bits for c in late.document.campaigns} == {c.bits for c in whole.document.campaigns}


def test_other_accounts_are_another_campaign(until, desk, whole):
    strangers = [replace(each, id="c-0", accounts=frozenset({"nobody"})) for each in whole.raised]
    again = judged(until(1.0), desk, SETTINGS, strangers)
    assert [c.id for c in again.document.campaigns] == [c.id for c in whole.document.campaigns]


def test_two_campaigns_never_get_one_name(until, desk, whole):
    both = frozenset().union(*(each.accounts for each in whole.raised))
    again = judged(until(1.0), desk, SETTINGS, [Raised("c-both", both, 1, 1)])
    names = [campaign.id for campaign in again.document.campaigns]
    assert names.count("c-both") == 1
    assert len(set(names)) == 2


def test_who_signed_up_with_the_campaigns_cards_is_known_before_the_first_request(folder, until, desk):
    truth = pq.read_table(folder.parent / "truth" / "accounts.parquet").to_pylist()
    planted = {row["account_id"] for row in truth if row["campaign"]}
    waiting = sorted(planted)[::7]
    found = judged(until(1.0, leave_out=waiting), desk, SETTINGS)
    known = {account for each in found.recognitions.values() for account in each.accounts}
    assert known
    assert known <= set(waiting)


def test_without_an_accounts_table_nobody_is_known_by_sign_up(until):
    found = judged(until(1.0), None, SETTINGS)
    assert not any(each.accounts for each in found.recognitions.values())


def test_a_template_is_what_its_members_send_and_nobody_else(requests, whole):
    for campaign in whole.document.campaigns:
        template = set(whole.recognitions[campaign.id].template)
        members = pa.array([each.account_id for each in campaign.accounts])
        inside = pc.is_in(requests["account_id"], members)
        held = {}
        for name, rows in (("members", requests.filter(inside)), ("others", requests.filter(pc.invert(inside)))):
            profiles = profile(rows.combine_chunks().to_batches()[0])
            sent = profiles["shared"].astype("uint32").tolist()
            held[name] = sum(len(template & set(row)) >= 2 for row in sent) / len(profiles)
        assert not template or (held["members"] > 0.5 and held["others"] < 0.01)
    assert any(each.template for each in whole.recognitions.values())
