"""A campaign as a scan finds it, full of things that must not leave."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from stillwatch.campaigns.findings import Campaign, Evidence, Hour, Link, Lookalike, Member, TextPart
from stillwatch.indicators import outgoing
from stillwatch.indicators.said import Draft, said

ME = "identity--a712755f-6cac-44d5-99d5-269512e74f7b"
YOU = "identity--ac8efe12-1c59-49f1-ba2d-de83458bfed0"
NOW = datetime(2026, 11, 2, 9, 0, 0, 123456, tzinfo=UTC)
FIRST, LAST = datetime(2026, 9, 14, 3, 17, 41, tzinfo=UTC), datetime(2026, 10, 30, 22, 51, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Marks:
    template: tuple[int, ...] = tuple(range(4_000_000_001, 4_000_000_026))
    vocabulary: tuple[int, ...] = tuple(range(3_900_000_001, 3_900_000_041))
    shared: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "payment": ("canary-card-1", "canary-card-2"),
            "mail_domain": ("canary-domain.example",),
            "address": ("canary-address",),
        }
    )


def evidence(family, bits, technique="AML.T0021"):
    return Evidence(family, f"canary-{family}", bits, 48_211.5, 7.25, technique, "canary: 208 of 212 accounts do.")


REASONS = (evidence("text", 9.0, "AML.T0065"), evidence("sign_up", 7.5))


def campaign(accounts=212, requests=48_213, reasons=REASONS):
    members = tuple(Member(f"canary-account-{i}@mail.example", 5.5, 227, FIRST, LAST) for i in range(accounts))
    return Campaign(
        id="c-ca4a51e5d0",
        bits=sum(e.bits for e in reasons) - 6,
        prior=-6.0,
        severity="high",
        families=tuple(e.family for e in reasons),
        first_seen=FIRST,
        crossed_at=datetime(2026, 9, 20, 4, 44, 44, tzinfo=UTC),
        last_seen=LAST,
        requests=requests,
        requests_before_crossing=9_317,
        usage_input_tokens=71_234_567,
        usage_output_tokens=98_765_432,
        accounts=members,
        evidence=tuple(reasons),
        lookalikes_considered=(Lookalike("canary-lookalike", fits=False, says="canary: it is no class."),),
        timeline=(Hour(datetime(2026, 9, 14, 3, tzinfo=UTC), 613, 613, 0, 90_000, 613, 4_000.0),),
        links=(Link("sign_up", "canary-link", tuple(m.account_id for m in members[:2])),),
        shared_text=((TextPart("canary text of a prompt", slot=False), TextPart("", slot=True)),),
    )


def token(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def whole(draft: Draft, epoch="2026Q4"):
    return draft.with_tokens(
        epoch, {klass: [token(klass, v) for v in values] for klass, values in draft.values.items()}
    )


@pytest.fixture
def found():
    return campaign()


@pytest.fixture
def draft(found):
    return said(found, Marks())


@pytest.fixture
def objects(draft):
    return outgoing.objects(whole(draft), contributor=ME, now=NOW)


@pytest.fixture
def indicator(objects):
    return next(each for each in objects if each["type"] == "indicator")
