import dataclasses

import pytest

from stillwatch.reports import charts
from stillwatch.reports.document import to_document
from stillwatch.web.drawing import drawn, waterfall


def test_each_bar_begins_where_the_one_before_ended(document):
    for campaign in document.campaigns:
        found = waterfall(campaign)
        widths = campaign.bits - campaign.prior
        assert widths == pytest.approx(sum(each.bits for each in campaign.evidence))
        at = found.zero
        for step, bits in zip(found.steps, (campaign.prior, *(e.bits for e in campaign.evidence)), strict=False):
            begin = step.left if bits >= 0 else step.left + step.width
            assert begin == pytest.approx(at, abs=0.05)
            at = step.left + step.width if bits >= 0 else step.left
        score = found.steps[-1]
        assert {round(score.left, 1), round(score.left + score.width, 1)} == {round(found.zero, 1), round(at, 1)}


def test_nothing_leaves_the_chart(document):
    for campaign in document.campaigns:
        for step in waterfall(campaign).steps:
            assert step.left >= 0
            assert step.left + step.width <= 100.1


def test_names_of_others_are_shown_for_what_they_are(sample):
    team = sample.team()
    hostile = "a\u202eb\u200bc" + "x" * 5_000_000
    member = dataclasses.replace(team.accounts[0], account_id=hostile)
    findings = dataclasses.replace(sample.findings(), campaigns=(dataclasses.replace(team, accounts=(member,)),))
    spec = drawn(charts.volume(to_document(findings).campaigns[0]))
    name = spec["data"]["values"][0]["account"]
    assert name.startswith("a\ufffdb[U+200B]c")
    assert len(name) < 200


def test_what_a_chart_is_made_of_stays(document):
    spec = charts.timeline(document.campaigns[0])
    assert drawn(spec) == spec
