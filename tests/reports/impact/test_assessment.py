"""The document: what it counts, what it leaves out, and what it says that it cannot tell."""

import json

import pytest

from stillwatch.reports.document import Review, dumps, loads, to_document, with_reviews
from stillwatch.reports.impact import document as written
from stillwatch.reports.impact.assessment import assess
from stillwatch.reports.impact.assumptions import load
from stillwatch.reports.impact.document import ImpactDocument, Load
from stillwatch.reports.impact.load import load_of


def older(findings):
    """The same findings as a version wrote them that knew nothing of models, kinds and traffic."""
    content = json.loads(dumps(findings))
    del content["traffic"], content["inputs"]["usage_input_tokens"], content["inputs"]["usage_output_tokens"]
    for campaign in content["campaigns"]:
        del campaign["taken"]
    return loads(json.dumps(content))


def scopes(document):
    return {scope.id: scope for scope in document.scopes}


def middle(scope, name):
    return next(each.interval.middle for each in scope.estimates if each.name == name)


def test_all_found_and_each(impact, findings):
    assert list(scopes(impact)) == ["all", "found", *(campaign.id for campaign in findings.campaigns)]
    found = scopes(impact)["found"]
    assert sum(row.answers for row in found.taken) == 48_000 + 2_600
    assert found.requests == sum(campaign.requests for campaign in findings.campaigns)
    assert middle(scopes(impact)["all"], "answers") > middle(found, "answers")
    assert middle(scopes(impact)["c-91c4e0aa"], "list_price") == 0, "it was given no answer"


def test_rows_of_one_model_and_kind_are_put_together(findings):
    twice = findings.model_copy(update={"campaigns": (findings.campaigns[0], findings.campaigns[0])})
    found = scopes(assess(twice, load(None)))["found"]
    assert [(row.model, row.kind, row.answers) for row in found.taken] == [
        ("large", "reasoning", 60_000),
        ("large", "tool use", 20_000),
        ("small", "single question", 16_000),
    ]


def test_a_campaign_that_a_person_rejected_takes_no_part(findings, sample):
    review = Review(verdict="rejected", author="ana", reason="ours", at=sample.END)
    first = findings.campaigns[0].id
    reviewed = with_reviews(findings, lambda campaign: review if campaign.id == first else None)
    document = assess(reviewed, load(None))
    assert first not in scopes(document)
    assert sum(row.answers for row in scopes(document)["found"].taken) == 2_600
    assert document.load.campaigns_requests == sum(campaign.requests for campaign in findings.campaigns[1:])
    assert any("1 campaign that a person rejected" in note for note in document.notes)


def test_the_load_is_counted_hour_by_hour(impact, findings):
    load_ = impact.load
    assert load_.everybody_requests == findings.inputs.requests
    assert load_.everybody_output_tokens == 400_000_000
    assert load_.campaigns_output_tokens == sum(campaign.usage_output_tokens for campaign in findings.campaigns)
    timeline = {hour.time: hour.requests for campaign in findings.campaigns[:1] for hour in campaign.timeline}
    busiest = max(load_.by_hour, key=lambda hour: hour.everybody)
    assert load_.busiest == busiest
    assert busiest.campaigns >= timeline.get(busiest.time, 0) > 0
    assert load_.busiest_without.time.hour == 23, "everybody else asks most then"
    assert sum(hour.campaigns for hour in load_.by_hour) == load_.campaigns_requests


def test_findings_of_an_older_version_are_assessed_and_say_what_they_lack(findings):
    document = assess(older(findings), load(None))
    found = scopes(document)["found"]
    assert {(row.model, row.kind) for row in found.taken} == {("(not told)", "")}
    assert sum(row.answers for row in found.taken) == found.requests
    assert (document.load.busiest, document.load.by_hour, document.load.everybody_output_tokens) == (None, (), None)
    said = " ".join(document.notes)
    for lack in ("by model and kind is not told of 3 campaigns", "busiest hour is not told", "share of all tokens"):
        assert lack in said


def test_answers_without_tokens_are_said_to_be_assumed(impact):
    assert any("no tokens for 2,600 answers" in note for note in impact.notes)
    assert middle(scopes(impact)["c-b07e55d1"], "output_tokens") == pytest.approx(2_600 * 1500, rel=0.1)


def test_the_subject_is_never_guessed(impact):
    assert any("code, mathematics, prose) cannot be told" in note for note in impact.notes)


def test_what_telemetry_cannot_tell_is_named_and_has_no_figure(impact):
    assert [each.title for each in impact.not_estimated] == ["avoided research", "undercut prices"]
    assert all(each.says.startswith("Not estimated from telemetry") for each in impact.not_estimated)


def test_no_campaign_no_estimate(sample):
    document = assess(to_document(sample.quiet()), load(None))
    assert document.scopes == ()
    assert document.load.campaigns_requests == 0


def test_it_has_every_input_and_reads_back(impact):
    text = written.dumps(impact)
    assert ImpactDocument.model_validate_json(text) == impact
    named = {assumption["name"] for assumption in json.loads(text)["assumptions"]}
    assert named == set(load(None).laws)


def test_no_figure_is_a_sum_of_others(impact):
    """Nobody finds one number for the damage, not even by its name."""
    names = {each.name for scope in impact.scopes for each in scope.estimates}
    assert names == {
        "answers",
        "output_tokens",
        "list_price",
        "replacement_cost",
        "teacher_compute",
        "teacher_hours",
    }


def test_what_was_under_way_at_once_is_the_busiest_hour_by_time(findings):
    load_ = load_of(findings)
    busiest = max(findings.traffic, key=lambda hour: hour.busy_seconds)
    assert (load_.at_once.basis, load_.at_once.time, load_.at_once.known) == ("durations", busiest.time, 1)
    assert load_.at_once.everybody == round(busiest.busy_seconds / 3600, 3)
    theirs = [hour for each in findings.campaigns for hour in each.timeline if hour.time == busiest.time]
    assert load_.at_once.campaigns == round(sum(hour.busy_seconds for hour in theirs) / 3600, 3)


def test_a_load_that_an_older_version_wrote_is_read(impact):
    older_ = json.loads(impact.load.model_dump_json())
    older_ = {name: value for name, value in older_.items() if name not in {"at_once", "throttling"}}
    older_["by_hour"] = [
        {name: hour[name] for name in ("time", "everybody", "campaigns")} for hour in older_["by_hour"]
    ]
    older_["busiest"] = older_["busiest_without"] = older_["by_hour"][0]
    read = Load.model_validate_json(json.dumps(older_))
    assert (read.at_once, read.throttling, read.by_hour[0].everybody_throttled) == (None, None, None)
    assert read.campaigns_requests == impact.load.campaigns_requests


def test_few_durations_are_taken_for_all(findings):
    hours = tuple(
        hour.model_copy(update={"with_duration": hour.requests // 10, "busy_seconds": hour.requests // 10 * 6.0})
        for hour in findings.traffic
    )
    load_ = load_of(findings.model_copy(update={"traffic": hours}))
    busiest = load_.busiest
    assert (load_.at_once.basis, load_.at_once.time, load_.at_once.mean_seconds) == ("mean", busiest.time, 6)
    assert load_.at_once.everybody == round(busiest.everybody * 6 / 3600, 3)
    assert load_.at_once.campaigns == round(busiest.campaigns * 6 / 3600, 3)


def test_what_a_campaign_does_not_tell_is_no_zero(findings):
    first, *others = findings.campaigns
    untold = tuple(hour.model_copy(update={"with_status": None, "throttled": None}) for hour in first.timeline)
    mixed = (first.model_copy(update={"timeline": untold}), *others)
    load_ = load_of(findings.model_copy(update={"campaigns": mixed}))
    assert load_.throttling is None
    assert load_.at_once is not None
    assert load_of(findings).throttling.campaigns == sum(
        hour.throttled for each in findings.campaigns for hour in each.timeline
    )
