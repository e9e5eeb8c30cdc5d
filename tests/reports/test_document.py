import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stillwatch.campaigns.findings import Evidence
from stillwatch.errors import InputError
from stillwatch.reports.document import Review, dumps, loads, schema, to_document, with_reviews

ROOT = Path(__file__).parents[2]
amounts = st.floats(-20, 20, allow_nan=False)


def changed(document, change):
    """The document's JSON text after a change of its content."""
    content = json.loads(dumps(document))
    change(content)
    return json.dumps(content)


def test_it_mirrors_the_findings(sample, document):
    findings = sample.findings()
    assert (document.window.start, document.window.end) == (findings.start, findings.end)
    assert dataclasses.asdict(findings.inputs) == document.inputs.model_dump()
    for found, shown in zip(findings.campaigns, document.campaigns, strict=True):
        assert {field.name for field in dataclasses.fields(found)} == set(type(shown).model_fields) - {"review"}
        assert [account.account_id for account in shown.accounts] == [m.account_id for m in found.accounts]
        assert [vars(hour) for hour in shown.timeline] == [vars(hour) for hour in found.timeline]
        assert [(e.family, e.says) for e in shown.evidence] == [(e.family, e.says) for e in found.evidence]
        assert shown.shared_text == tuple(
            tuple(type(shown.shared_text[0][0])(text=p.text, slot=p.slot) for p in text) for text in found.shared_text
        )


def test_written_and_read_again_it_is_the_same(document):
    assert loads(dumps(document)) == document
    assert loads(dumps(document).encode()) == document


def test_what_an_older_version_wrote_is_read(document):
    def older(content):
        del content["traffic"], content["inputs"]["usage_input_tokens"], content["inputs"]["usage_output_tokens"]
        for campaign in content["campaigns"]:
            del campaign["taken"]

    read = loads(changed(document, older))
    assert (read.traffic, read.inputs.usage_input_tokens, read.campaigns[0].taken) == ((), None, None)
    assert read.campaigns[0].accounts == document.campaigns[0].accounts


def test_the_json_text_has_not_changed(sample, golden):
    golden("findings.json", dumps(to_document(dataclasses.replace(sample.findings(), campaigns=(sample.team(),)))))


def test_hours_of_an_older_version_are_read_and_tell_less(sample):
    document = json.loads(dumps(to_document(sample.findings())))
    document["traffic"] = [{"time": "2026-09-03T04:00:00Z", "requests": 5}]
    for campaign in document["campaigns"]:
        campaign["timeline"] = [{name: hour[name] for name in ("time", "requests")} for hour in campaign["timeline"]]
    (hour,) = loads(json.dumps(document)).traffic
    assert (hour.requests, hour.throttled, hour.with_status, hour.busy_seconds) == (5, None, None, None)


def test_the_published_schema_is_the_model():
    assert (ROOT / "docs/findings.schema.json").read_text(encoding="utf-8") == schema()


@given(prior=amounts, bits=st.lists(amounts, max_size=12), observed=st.floats(0, 1e12), member=amounts)
def test_rounded_it_still_adds_up(sample, prior, bits, observed, member):
    team = sample.team()
    evidence = tuple(Evidence("text", "a", each, observed, 1.0, "AML.T0065", "…") for each in bits)
    accounts = (dataclasses.replace(team.accounts[0], bits=member),)
    found = dataclasses.replace(team, prior=prior, evidence=evidence, bits=prior + sum(bits), accounts=accounts)
    shown = to_document(dataclasses.replace(sample.findings(), campaigns=(found,))).campaigns[0]
    assert shown.bits == pytest.approx(shown.prior + sum(each.bits for each in shown.evidence), abs=1e-9)
    assert shown.bits == pytest.approx(found.bits, abs=0.0005 * (len(bits) + 2))
    assert all(round(each.bits, 3) == each.bits for each in shown.evidence)
    assert all(each.observed == pytest.approx(observed, rel=1e-5) for each in shown.evidence)


def test_a_score_that_is_not_its_evidence_is_a_broken_scan(sample):
    broken = dataclasses.replace(sample.team(), bits=99.0)
    with pytest.raises(ValueError, match="adds up to"):
        to_document(dataclasses.replace(sample.findings(), campaigns=(broken,)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c["campaigns"][0].update(bits=1.0), "campaigns.0: bits is not the prior plus"),
        (lambda c: c["campaigns"][0]["evidence"][0].update(colour="red"), "campaigns.0.evidence.0.colour: Extra"),
        (lambda c: c["campaigns"][0].pop("evidence"), "campaigns.0.evidence: Field required"),
        (lambda c: c["campaigns"][0].update(severity="dire"), "campaigns.0.severity"),
        (lambda c: c["campaigns"][0].update(requests="12"), "campaigns.0.requests"),
        (lambda c: c["campaigns"][0].update(requests=-1), "campaigns.0.requests"),
        (lambda c: c["campaigns"][0].update(id="a b"), "campaigns.0.id"),
        (lambda c: c["window"].update(start="2026-09-01T00:00:00"), "window.start"),
        (lambda c: c["inputs"].update({"\x1b[31m": 1}), "inputs.\N{REPLACEMENT CHARACTER}[31m"),
        (lambda c: c.update(version="2"), "version 2, this stillwatch reads 1"),
        (lambda c: c.pop("version"), "not a findings document"),
    ],
)
def test_a_file_that_does_not_hold_together_is_one_clear_line(document, change, complaint):
    with pytest.raises(InputError) as raised:
        loads(changed(document, change), where="my.json")
    line = str(raised.value)
    assert line.startswith("my.json: ")
    assert complaint in line
    assert "\n" not in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", "7", "not json", b"\xff\xfe", "[" * 100_000, '{"version": "1"}']
)
def test_a_foreign_file_is_one_clear_line(text):
    with pytest.raises(InputError) as raised:
        loads(text, where="other.json")
    assert str(raised.value).startswith("other.json: ")
    assert "stillwatch scan" in str(raised.value)


def test_a_file_cut_off_names_the_line(document):
    text = dumps(document)
    cut = text[: len(text) // 2]
    with pytest.raises(InputError, match=rf"cut off after line {cut.count(chr(10)) + 1}\b"):
        loads(cut)


def test_a_complaint_never_repeats_the_content(document):
    def spoil(content):
        content["campaigns"][0]["shared_text"][0][0]["text"] = {"prompt": "a secret of somebody"}

    with pytest.raises(InputError) as raised:
        loads(changed(document, spoil))
    assert "secret" not in str(raised.value)


def test_it_cannot_be_changed(document):
    with pytest.raises(ValidationError):
        document.campaigns[0].bits = 0.0


def test_a_campaign_is_found_by_the_beginning_of_its_id(document):
    assert document.campaign("c-3f9a1b72") is document.campaigns[0]
    assert document.campaign("c-b") is document.campaigns[1]


@pytest.mark.parametrize(
    ("asked", "complaint"), [("c-", "More than one"), ("x", "no campaign 'x'"), ("", "There is no campaign")]
)
def test_a_campaign_that_is_not_there_is_told_with_those_that_are(document, asked, complaint):
    with pytest.raises(InputError, match=complaint) as raised:
        document.campaign(asked)
    assert "c-3f9a1b72" in raised.value.hint


def test_asking_an_empty_document_for_a_campaign(sample):
    with pytest.raises(InputError, match="The findings hold no campaign"):
        to_document(sample.quiet()).campaign("c-1")


def test_a_dismissed_campaign_does_not_stand(sample, document):
    review = Review(verdict="rejected", author="ana", reason="ours", at=sample.END)
    told = {document.campaigns[1].id: review}
    reviewed = with_reviews(document, lambda campaign: told.get(campaign.id))
    assert [campaign.id for campaign in reviewed.standing] == ["c-3f9a1b72", "c-91c4e0aa"]
    assert loads(dumps(reviewed)) == reviewed
    changed_since = review.model_copy(update={"stands": False, "says": "Since then 9 accounts joined."})
    assert len(with_reviews(document, lambda _: changed_since).standing) == 3
