"""The border: every field of a finding is either reduced or held back, and little remains."""

import dataclasses
import json
import typing
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.findings import Campaign, Findings, Inputs
from stillwatch.errors import PrivacyError
from stillwatch.indicators import said as border
from stillwatch.indicators.said import Said, confidence, said
from stillwatch.reports.document import dumps, loads, to_document

from .conftest import Marks, campaign, evidence, token, whole


def test_every_field_of_a_campaign_is_said_or_held_back(draft):
    said_of = {"first_seen", "last_seen", "families", "signature"}
    held = {name for each in draft.held for name in each.field.split(", ")}
    assert {f.name for f in dataclasses.fields(Campaign)} <= said_of | held
    assert all(each.why for each in draft.held)


def test_nothing_exact_can_be_said():
    kinds = {f.name: f.type for f in dataclasses.fields(Said)}
    assert {name for name, kind in kinds.items() if kind is int} == {"confidence"}
    assert {name for name, kind in kinds.items() if kind in (float, bytes, dict, object, typing.Any)} == set()
    assert {name for name, kind in kinds.items() if kind is date} == {"first_seen", "last_seen"}


def test_counts_are_orders_of_magnitude_and_times_are_days(draft):
    assert (draft.said.accounts, draft.said.requests) == ("100-999", "1e4-1e5")
    assert (draft.said.first_seen, draft.said.last_seen) == (date(2026, 9, 14), date(2026, 10, 30))
    assert draft.said.families == ("text", "sign_up")
    assert draft.said.techniques == ("AML.T0021", "AML.T0024.002", "AML.T0065")
    assert "c-ca4a51e5d0" not in repr(draft.said)


def test_a_campaign_out_of_the_document_is_said_as_one_out_of_the_scan(found):
    inputs = Inputs(1, 1, 1, 0, sign_up=True, notes=())
    document = loads(dumps(to_document(Findings(found.first_seen, found.last_seen, (found,), inputs))))
    assert said(document.campaigns[0], Marks()) == said(found, Marks())


@pytest.mark.parametrize(
    ("accounts", "classes"),
    [
        (1, set()),
        (2, {"payment", "mail-domain", "address"}),
        (24, {"payment", "mail-domain", "address"}),
        (25, {"payment", "mail-domain", "address", "shingle", "word"}),
    ],
)
def test_words_want_25_accounts_and_means_two(accounts, classes):
    draft = said(campaign(accounts), Marks())
    assert draft.values.keys() == classes
    fields = [each.field for each in draft.held]
    assert ("signature.template" in fields) == ("shingle" not in classes)
    assert ("signature.shared.payment" in fields) == ("payment" not in classes)


def test_the_one_thing_that_a_handful_shares_stays():
    marks = Marks(template=(), vocabulary=(), shared={"payment": ("card",)})
    assert said(campaign(9), marks).values == {}
    assert said(campaign(10), marks).values == {"payment": ("card",)}


def test_one_piece_of_a_template_stays():
    draft = said(campaign(), Marks(template=(1,)))
    assert "shingle" not in draft.values
    assert "signature.template" in [each.field for each in draft.held]


def test_tokens_of_what_is_held_back_are_refused():
    draft = said(campaign(24), Marks())
    with pytest.raises(PrivacyError, match="shingle"):
        draft.with_tokens("2026Q4", {"shingle": [token(1), token(2)]})


def test_findings_without_marks_say_so():
    assert "signature" in [each.field for each in said(campaign()).held]


def test_families_that_speak_alike_have_one_order():
    reasons = tuple(evidence(family, 3.5) for family in ("network", "client", "time", "text"))
    assert said(campaign(reasons=reasons)).said.families == ("client", "network", "text", "time")


def test_others_words_are_not_said_back():
    own, theirs = evidence("text", 9.0), evidence("alliance", 8.0)
    both, alone = said(campaign(reasons=(own, theirs))), said(campaign(reasons=(own,)))
    assert both.said == alone.said
    assert "evidence of the family alliance" in [each.field for each in both.held]
    with pytest.raises(PrivacyError, match="other members"):
        said(campaign(reasons=(theirs,)))


def test_more_tokens_than_a_pattern_takes_are_sampled():
    many = tuple(range(border.MOST_TOKENS + 50))
    told = whole(said(campaign(), Marks(template=many)))
    assert len(told.template) == border.MOST_TOKENS


@given(st.floats(-1e6, 1e6), st.floats(0, 100))
def test_more_bits_are_never_less_confidence_and_never_certainty(bits, more):
    assert 5 <= confidence(bits) <= confidence(bits + more) <= 95


def test_confidence_is_as_documented():
    assert [confidence(bits) for bits in (0, 1, 10, 20, 100)] == [50, 52, 70, 90, 95]


@given(st.integers(2, 300), st.integers(300, 10**7), st.data())
def test_nothing_identifying_is_said(accounts, requests, data):
    canary = "zq-" + data.draw(st.text("abcdefghijklmnop", min_size=4, max_size=9))
    marks = Marks(shared={"payment": (f"{canary}-card", f"{canary}-2"), f"{canary}_kind": ("x",)})
    told = json.dumps(dataclasses.asdict(whole(said(campaign(accounts, requests), marks))), default=str)
    assert canary not in told
    assert "canary" not in told
