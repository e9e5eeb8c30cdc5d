import dataclasses
import sqlite3
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError, StillwatchError
from stillwatch.reports import reviews
from stillwatch.reports.document import Account, Evidence, to_document
from stillwatch.reports.reviews import ReviewStore, check_second


@pytest.fixture
def store(tmp_path):
    return ReviewStore(tmp_path / "reviews.sqlite")


@pytest.fixture
def campaign(document):
    return document.campaigns[0]


@pytest.fixture
def reject(store, sample):
    """Reject a campaign."""

    def add(campaign, **changes):
        told = {"verdict": "rejected", "author": "ana", "reason": "A classroom.", "at": sample.END}
        return store.add(campaign, **told | changes)

    return add


def with_members(campaign, kept, joined=0):
    """The campaign of a later scan: some accounts stay, some join; its id is another."""
    new = tuple(campaign.accounts[0].model_copy(update={"account_id": f"new-{i}"}) for i in range(joined))
    return campaign.model_copy(update={"id": "c-later", "accounts": campaign.accounts[:kept] + new})


def with_bits(campaign, bits, family):
    """The campaign with one more piece of evidence."""
    more = Evidence(family=family, name="new", bits=bits, observed=1, expected=0, technique="AML.T0040", says="More.")
    return campaign.model_copy(update={"evidence": (*campaign.evidence, more), "bits": campaign.bits + bits})


def test_a_review_is_remembered(store, campaign, reject):
    review = reject(campaign, author=" ana ", reason="A classroom.\n")
    assert (review.author, review.reason, review.stands) == ("ana", "A classroom.", True)
    assert store.applies(campaign) == store.latest(campaign) == store.recall(campaign) == review


def test_it_is_remembered_across_processes(store, campaign, reject):
    review = reject(campaign)
    assert ReviewStore(str(store.path)).applies(campaign) == review


def test_nothing_is_known_of_a_campaign_that_nobody_reviewed(store, document, reject):
    assert store.recall(document.campaigns[0]) is None
    reject(document.campaigns[1])
    assert store.recall(document.campaigns[0]) is None
    assert store.latest(document.campaigns[2]) is None


def test_asking_makes_no_file(store, campaign):
    assert store.recall(campaign) is None
    assert not store.path.exists()


def test_the_same_accounts_under_another_id_are_the_same_campaign(store, campaign, reject):
    reject(campaign)
    assert store.applies(with_members(campaign, 212)).stands


@pytest.mark.parametrize(
    ("kept", "joined", "memory"),
    [
        (212, 53, "stands"),  # Jaccard 212 / 265 = 0.8
        (212, 54, "changed"),
        (170, 0, "stands"),  # 170 / 212 = 0.802
        (169, 0, "changed"),
        (106, 0, "changed"),  # 106 / 212 = 0.5
        (105, 0, "none"),
        (0, 5, "none"),
    ],
)
def test_it_stands_while_the_accounts_are_mostly_the_same(store, campaign, reject, kept, joined, memory):  # noqa: PLR0917  fixtures
    reject(campaign)
    later = with_members(campaign, kept, joined)
    assert (store.applies(later) is not None) == (memory == "stands")
    assert (store.latest(later) is None) == (memory == "none")
    if memory == "changed":
        assert f"{joined} accounts joined and {212 - kept} left" in store.recall(later).says


def test_a_family_that_did_not_speak_before_brings_it_back(store, campaign, reject):
    reject(campaign)
    assert store.applies(with_bits(campaign, 0.5, "protocol")) is None
    assert store.recall(with_bits(campaign, 0.5, "protocol")).says == "Since then protocol evidence came up."
    assert store.applies(with_bits(campaign, -0.5, "protocol"))


@pytest.mark.parametrize(("rise", "stands"), [(7.9, True), (8.1, False), (-30, True)])
def test_a_score_that_rises_far_brings_it_back(store, campaign, reject, rise, stands):
    reject(campaign)
    later = with_bits(campaign, rise, "text")
    assert (store.applies(later) is not None) == stands
    if not stands:
        assert store.recall(later).says == "Since then the score rose from 28.0 to 36.1 bits."


def test_what_comes_back_is_not_dismissed(sample, store, document, reject):
    reject(document.campaigns[2])
    again = to_document(sample.findings(), reviews=store.recall)
    assert [c.dismissed for c in again.campaigns] == [False, False, True]
    team = sample.team()
    more = dataclasses.replace(team.evidence[0], family="protocol", name="conversation")
    grown = dataclasses.replace(team, evidence=(*team.evidence, more), bits=team.bits + more.bits)
    later = to_document(dataclasses.replace(sample.findings(), campaigns=(grown,)), reviews=store.recall).campaigns[0]
    assert not later.dismissed
    assert later.review.verdict == "rejected"
    assert later.review.says == ("Since then protocol evidence came up and the score rose from 3.7 to 11.9 bits.")


def test_the_newest_that_stands_counts(store, campaign, reject, sample):
    reject(campaign)
    confirmed = reject(campaign, verdict="confirmed", author="ben", reason="They wrote so.", at=sample.END)
    assert store.applies(campaign) == confirmed
    reject(with_members(campaign, 120), verdict="unsure")
    assert store.applies(campaign) == confirmed
    assert store.latest(campaign).verdict == "unsure"
    assert store.recall(campaign) == confirmed


HOUR = timedelta(hours=1)


@pytest.fixture
def later(store):
    """The same reviews, asked so many hours after they were given."""
    return lambda hours, at: ReviewStore(store.path, clock=lambda: at + hours * HOUR)


@pytest.mark.parametrize(("hours", "stands"), [(0, True), (23.9, True), (24, False), (1000, False)])
def test_a_review_holds_until_its_end(campaign, reject, sample, later, hours, stands):  # noqa: PLR0917  fixtures
    reject(campaign, until=sample.END + 24 * HOUR)
    then = later(hours, sample.END)
    assert (then.applies(campaign) is not None) == stands
    assert then.recall(campaign).stands == stands
    assert then.recall(campaign).says == ("" if stands else "It held until 1 Oct 2026.")


def test_no_older_review_comes_back_when_one_has_ended(campaign, reject, sample, later):
    reject(campaign)
    reject(campaign, verdict="confirmed", at=sample.END + HOUR, until=sample.END + 2 * HOUR)
    assert later(1.5, sample.END).applies(campaign).verdict == "confirmed"
    assert later(3, sample.END).applies(campaign) is None
    assert later(3, sample.END).recall(campaign).verdict == "confirmed"


def test_what_ended_and_what_changed_are_both_told(campaign, reject, sample, later):
    reject(campaign, until=sample.END + HOUR)
    says = later(3, sample.END).recall(with_bits(campaign, 0.5, "protocol")).says
    assert says == "It held until 1 Oct 2026. Since then protocol evidence came up."


def test_a_review_ends_after_it_begins(store, campaign, reject, sample):
    with pytest.raises(ConfigError, match="end after it begins"):
        reject(campaign, until=sample.END)
    assert not store.path.exists()


def test_a_review_that_is_taken_back_was_never_given(store, campaign, reject, sample):
    confirmed = reject(campaign, verdict="confirmed")
    reject(campaign, at=sample.END + HOUR)
    assert store.withdraw("ana", sample.END + HOUR, by="ben") == 1
    assert store.recall(campaign) == confirmed
    assert store.withdraw("ana", sample.END + HOUR, by="ben") == 0
    assert store.withdraw("eve", sample.END, by="ben") == 0
    assert store.withdraw("ana", sample.END, by="ben") == 1
    assert store.recall(campaign) is None


def test_nothing_to_take_back_makes_no_file(store, sample):
    assert store.withdraw("ana", sample.END, by="ben") == 0
    assert not store.path.exists()


def test_what_became_of_a_verdict(store, campaign, document, sample, later, reject):  # noqa: PLR0917  fixtures
    given, soon, after = sample.END, later(1, sample.END), later(3, sample.END)
    assert soon.became("ana", given) is None
    assert not store.path.exists(), "asking makes no file"
    reject(campaign, verdict="confirmed", until=given + 2 * HOUR)
    reject(document.campaigns[1], at=given + HOUR)
    assert soon.became("ana", given) == "confirmed", "another campaign's is another"
    assert after.became("ana", given) == "lapsed"
    assert soon.became("ben", given) is None
    reject(campaign, verdict="unsure", author="ben", second="eve", at=given + HOUR)
    assert soon.became("ana", given) == after.became("eve", given + HOUR) == "unsure"
    store.withdraw("ben", given + HOUR, by="ben")
    assert soon.became("ben", given + HOUR) == "confirmed", "as if it had never been given"
    store.withdraw("ana", given, by="ana")
    assert soon.became("ana", given) == "lapsed"


def test_both_persons_are_remembered(store, campaign, reject):
    assert reject(campaign, second=" ben ").people == "ana and ben"
    assert store.recall(campaign).second == "ben"


@pytest.mark.parametrize(
    ("verdict", "second", "problem"),
    [("rejected", "", "needs two persons"), ("rejected", "Ana ", "is the first"), ("unsure", "ana", "is the first")],
)
def test_a_second_person_is_somebody_else(verdict, second, problem):
    with pytest.raises(ConfigError, match=problem):
        check_second(verdict, "ana", second, ("rejected",))


@pytest.mark.parametrize(("verdict", "second"), [("rejected", "ben"), ("confirmed", ""), ("confirmed", "ben")])
def test_enough_people_said_it(verdict, second):
    check_second(verdict, "ana", second, ("rejected",))


#: Files of stillwatch before reviews had an end.
FIRST_VERSION = """
CREATE TABLE review (
    id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, verdict TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL,
    at TEXT NOT NULL, bits REAL NOT NULL, families TEXT NOT NULL, size INTEGER NOT NULL
) STRICT;
CREATE TABLE member (
    account TEXT NOT NULL, review INTEGER NOT NULL REFERENCES review, PRIMARY KEY (account, review)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 5744580;
PRAGMA user_version = 1;
ATTACH 'new.sqlite' AS new;
INSERT INTO review SELECT id, campaign, verdict, author, reason, at, bits, families, size FROM new.review;
INSERT INTO member SELECT account, review FROM new.member;
"""


def test_an_older_file_is_taken_along(tmp_path, monkeypatch, campaign, sample):
    monkeypatch.chdir(tmp_path)
    new, old = ReviewStore("new.sqlite"), ReviewStore("old.sqlite")
    review = new.add(campaign, verdict="rejected", author="ana", reason="A classroom.", at=sample.END)
    with sqlite3.connect(old.path) as database:
        database.executescript(FIRST_VERSION)
    database.close()
    assert old.recall(campaign) == review
    assert old.withdraw("ana", sample.END, by="ben")
    assert old.recall(campaign) is None


@given(kept=st.integers(0, 40), joined=st.integers(0, 40))
def test_whether_it_stands_follows_the_written_rule(tmp_path_factory, document, sample, kept, joined):
    store = ReviewStore(tmp_path_factory.mktemp("reviews") / "r.sqlite")
    campaign = document.campaigns[0].model_copy(update={"accounts": document.campaigns[0].accounts[:40]})
    store.add(campaign, verdict="rejected", author="ana", reason="ours", at=sample.END)
    overlap = kept / (40 + joined)
    later = with_members(campaign, kept, joined)
    assert (store.applies(later) is not None) == (overlap >= 0.8)
    assert (store.latest(later) is not None) == (overlap >= 0.5)


def test_neither_texts_nor_accounts_are_stored(store, document, reject):
    for campaign in document.campaigns:
        reject(campaign)
    kept = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert b"A classroom." in kept
    for campaign in document.campaigns:
        assert not [a for a in campaign.accounts if a.account_id.encode() in kept]
        long_enough = [part.text[:20] for text in campaign.shared_text for part in text if len(part.text) >= 8]
        assert not [text for text in long_enough if text.encode() in kept]
    assert any(campaign.shared_text for campaign in document.campaigns)


@pytest.mark.parametrize("missing", [{"author": " "}, {"reason": ""}])
def test_who_and_why_are_required(store, campaign, reject, missing):
    with pytest.raises(ConfigError, match="an author and a reason"):
        reject(campaign, **missing)
    assert not store.path.exists()


def complaint(work):
    with pytest.raises(StillwatchError) as raised:
        work()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_damaged_file_is_one_clear_line(store, campaign, reject):
    store.path.write_bytes(b"no database" * 1000)
    assert "file is not a database" in complaint(lambda: reject(campaign))
    assert str(store.path) in complaint(lambda: store.recall(campaign))


def test_a_file_damaged_in_the_middle_is_one_clear_line(store, campaign, reject):
    reject(campaign)
    with sqlite3.connect(store.path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    content = bytearray(store.path.read_bytes())
    content[200:] = b"\xaa" * (len(content) - 200)
    store.path.write_bytes(content)
    assert "reviews" in complaint(lambda: store.recall(campaign))


def test_another_programs_database_is_left_alone(store, campaign, reject):
    with sqlite3.connect(store.path) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    database.close()
    before = store.path.read_bytes()
    assert "another program's database" in complaint(lambda: reject(campaign))
    assert "another program's database" in complaint(lambda: store.recall(campaign))
    assert store.path.read_bytes() == before


def test_a_later_version_is_left_alone(store, campaign, reject):
    reject(campaign)
    with sqlite3.connect(store.path) as database:
        database.execute("PRAGMA user_version = 3")
    database.close()
    assert "version 3, this stillwatch reads 2" in complaint(lambda: reject(campaign))


def test_a_locked_file_is_one_clear_line(store, campaign, reject, monkeypatch):
    monkeypatch.setattr(reviews, "_WAIT_SECONDS", 0.05)
    reject(campaign)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert "locked" in complaint(lambda: reject(campaign))
    assert store.recall(campaign).verdict == "rejected"  # readers do not wait for writers
    other.close()


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path, campaign, sample):
    told = {"verdict": "rejected", "author": "ana", "reason": "ours", "at": sample.END}
    for path in (tmp_path, tmp_path / "missing" / "reviews.sqlite"):
        assert "unable to open" in complaint(lambda path=path: ReviewStore(path).add(campaign, **told))


def test_a_failed_write_leaves_nothing_half_done(store, campaign, reject, sample):
    reject(campaign)
    twice = campaign.model_copy(update={"accounts": campaign.accounts})
    with sqlite3.connect(store.path) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON member BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    database.close()
    assert "disk is full" in complaint(lambda: reject(twice, verdict="confirmed", at=sample.END + timedelta(days=1)))
    assert store.latest(campaign).verdict == "rejected"


def test_a_huge_campaign_is_remembered(store, campaign, reject):
    account = campaign.accounts[0]
    many = tuple(Account(**account.model_dump() | {"account_id": f"a{i}"}) for i in range(5000))
    crowd = campaign.model_copy(update={"accounts": many})
    reject(crowd)
    assert store.applies(crowd).stands
