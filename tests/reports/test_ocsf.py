import dataclasses
import json

import pytest
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

from stillwatch.reports.document import Review, to_document, with_reviews
from stillwatch.reports.ocsf import MOST_ACCOUNTS, report_ocsf
from stillwatch.testing import check_report


def events(document):
    return [json.loads(line) for line in report_ocsf(document).splitlines()]


def reviewed(document, verdict, sample, **changes):
    review = Review(verdict=verdict, author="ana", reason="it is ours", at=sample.END, **changes)
    return with_reviews(document, lambda _: review)


def test_a_siem_reads_it(document):
    for event, campaign in zip(events(document), document.campaigns, strict=True):
        finding = DetectionFinding.model_validate(event)
        assert finding.finding_info.uid == campaign.id
        assert finding.severity_id.name.lower() == campaign.severity
        assert finding.type_uid.name == finding.activity_id.name == "Create"
        assert finding.status_id.name == "New"
        assert finding.time == campaign.crossed_at.timestamp() * 1000
        assert finding.start_time <= finding.time <= finding.end_time
        assert finding.count == campaign.requests
        assert len(finding.evidences) == len(campaign.evidence)
        assert {each.verdict_id.name for each in finding.evidences} == {"Suspicious"}


def test_nothing_that_is_written_is_unknown_to_it_save_what_is_newer(document):
    event = events(document)[0]
    known = DetectionFinding.model_validate(event).model_dump(mode="json", exclude_none=True)
    assert event.keys() - known.keys() == {"is_alert"}  # since 1.4
    assert event["finding_info"].keys() == known["finding_info"].keys()
    for written, read in zip(event["evidences"], known["evidences"], strict=True):
        assert written.keys() - read.keys() == {"verdict"}
    assert [each.keys() for each in event["resources"]] == [each.keys() for each in known["resources"]]


@pytest.mark.parametrize(
    ("verdict", "stands", "expected"),
    [
        ("confirmed", True, (2, "Update", 2, "In Progress", 2, True)),
        ("unsure", True, (2, "Update", 2, "In Progress", 4, True)),
        ("rejected", True, (3, "Close", 3, "Suppressed", 1, False)),
        ("rejected", False, (2, "Update", 2, "In Progress", 1, True)),
    ],
)
def test_a_verdict_moves_the_finding(document, sample, verdict, stands, expected):
    event = events(reviewed(document, verdict, sample, stands=stands))[0]
    DetectionFinding.model_validate(event)
    names = ("activity_id", "activity_name", "status_id", "status")
    found = tuple(event[name] for name in names)
    assert (*found, event["evidences"][0]["verdict_id"], event["is_alert"]) == expected
    assert event["type_uid"] == 200_400 + event["activity_id"]
    assert event["time"] == event["finding_info"]["modified_time"] == sample.END.timestamp() * 1000


def test_techniques_are_told_with_what_they_are_part_of(document):
    attacks = [attack for event in events(document) for attack in event["finding_info"]["attacks"]]
    assert {"technique": {"uid": "AML.T0065", "name": "LLM Prompt Crafting"}, "version": "5.6.1"} in attacks
    both = next(a for a in attacks if a.get("sub_technique", {}).get("uid") == "AML.T0024.002")
    assert both["technique"]["uid"] == "AML.T0024"


def test_no_text_of_a_request_leaves(document):
    texts = [part.text for c in document.campaigns for text in c.shared_text for part in text if len(part.text) > 20]
    written = report_ocsf(document)
    assert texts
    assert not any(json.dumps(text, ensure_ascii=False)[1:-1] in written for text in texts)
    assert "it is ours" not in written


def test_a_wide_campaign_names_those_who_surely_belong(sample, document):
    many = document.campaigns[0].accounts * (MOST_ACCOUNTS // 90)
    wide = document.campaigns[0].model_copy(update={"accounts": many})
    event = events(document.model_copy(update={"campaigns": (wide,)}))[0]
    assert len(event["resources"]) == MOST_ACCOUNTS < event["unmapped"]["accounts"] == len(many)
    assert event["resources"][0]["uid"] == document.campaigns[0].accounts[0].account_id
    assert events(to_document(sample.quiet())) == []


@pytest.mark.parametrize(("bits", "score"), [(-500.0, 0), (0.0, 50), (3.0, 89), (900.0, 100)])
def test_odds_are_confidence(sample, bits, score):
    campaign = dataclasses.replace(sample.team(), prior=bits, evidence=(), bits=bits)
    event = events(to_document(dataclasses.replace(sample.findings(), campaigns=(campaign,))))[0]
    assert event["confidence_score"] == score


def test_it_is_a_report_like_any_other(document):
    check_report(report_ocsf, document)


def test_the_events_have_not_changed(sample, golden, monkeypatch):
    import stillwatch.reports.ocsf as module  # noqa: PLC0415

    monkeypatch.setitem(module._PRODUCT, "version", "0")  # noqa: SLF001
    monkeypatch.setitem(module._ANALYTIC, "version", "0")  # noqa: SLF001
    team = to_document(dataclasses.replace(sample.findings(), campaigns=(sample.team(),)))
    golden("ocsf.json", json.dumps(events(team), indent=2) + "\n")
