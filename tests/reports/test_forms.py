"""Findings as CSV and as STIX; charts as pictures."""

import csv
import dataclasses
import io
import json
import re
import warnings

import pytest

from stillwatch.indicators.markings import Level
from stillwatch.reports import charts
from stillwatch.reports.document import Review, to_document, with_reviews
from stillwatch.reports.pictures import on_paper, picture
from stillwatch.reports.rows import accounts_csv, campaigns_csv
from stillwatch.reports.stix import report_stix
from stillwatch.testing import check_report


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_one_line_a_campaign(document):
    found = rows(campaigns_csv(document))
    assert [row["campaign"] for row in found] == [campaign.id for campaign in document.campaigns]
    assert [int(row["requests"]) for row in found] == [campaign.requests for campaign in document.campaigns]
    assert found[0]["first_seen"] == "2026-09-04T22:12:00+00:00"
    assert found[2]["lookalikes_that_fit"] == "team-keys"
    assert found[0]["review"] == ""
    assert int(found[0]["throttled"]) == sum(hour.throttled for hour in document.campaigns[0].timeline)
    assert float(found[0]["busy_seconds"]) == sum(hour.busy_seconds for hour in document.campaigns[0].timeline)


def test_a_campaign_whose_hours_tell_less_has_no_zeros(document):
    first = document.campaigns[0]
    hours = tuple(hour.model_copy(update={"throttled": None, "busy_seconds": None}) for hour in first.timeline)
    less = document.model_copy(update={"campaigns": (first.model_copy(update={"timeline": hours}),)})
    (row,) = rows(campaigns_csv(less))
    assert (row["throttled"], row["busy_seconds"]) == ("", "")


def test_one_line_an_account(document):
    found = rows(accounts_csv(document))
    assert len(found) == sum(len(campaign.accounts) for campaign in document.campaigns)
    assert sum(int(row["requests"]) for row in found) == sum(campaign.requests for campaign in document.campaigns)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_computes_nothing_that_somebody_wrote(document, sample, begin):
    attack = begin + 'HYPERLINK("http://x","y"),\n"'
    review = Review(verdict="unsure", author=attack, reason=attack, at=sample.END)
    found = rows(campaigns_csv(with_reviews(document, lambda _: review)))
    assert found[0]["review_author"].startswith("'")
    assert found[0]["review_reason"].startswith("'")
    assert len(found) == len(document.campaigns)


def test_an_account_that_is_a_formula_is_text(sample):
    team = sample.team()
    accounts = (dataclasses.replace(team.accounts[0], account_id="=1+1"), *team.accounts[1:])
    document = to_document(
        dataclasses.replace(sample.findings(), campaigns=(dataclasses.replace(team, accounts=accounts),))
    )
    assert rows(accounts_csv(document))[0]["account_id"] == "'=1+1"


def test_stix_is_read_and_says_no_more_than_share_does(document):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import stix2  # noqa: PLC0415  its warnings are its own

        bundle = stix2.parse(report_stix(document), allow_custom=True)
    kinds = [each["type"] for each in bundle["objects"]]
    assert kinds.count("campaign") == len(document.campaigns)
    assert "indicator" not in kinds
    text = report_stix(document)
    for campaign in document.campaigns:
        assert campaign.id not in text
        assert not any(account.account_id in text for account in campaign.accounts)
        assert f'"{campaign.requests}"' not in text
    assert len({each["id"] for each in bundle["objects"]}) == len(kinds)


def test_stix_leaves_out_what_people_rejected_and_bears_the_marking_that_was_asked_for(document, sample):
    review = Review(verdict="rejected", author="ana", reason="ours", at=sample.END)
    none = json.loads(report_stix(with_reviews(document, lambda _: review)))
    assert "objects" not in none
    widths = {level: report_stix(document, marking=level) for level in (Level.GREEN, Level.RED)}
    assert '"TLP:GREEN"' in widths[Level.GREEN]
    assert '"TLP:RED"' in widths[Level.RED]


@pytest.mark.parametrize("render", [campaigns_csv, accounts_csv, report_stix])
def test_they_are_reports_like_any_other(document, render):
    check_report(render, document)


def test_every_chart_is_drawn_and_no_colour_is_left_open_on_paper(document):
    drawn = [
        picture(make(campaign), colours=on_paper())
        for campaign in document.campaigns
        for make in (charts.waterfall, charts.timeline, charts.volume, charts.matrix)
    ]
    assert all(each.startswith("<svg") for each in drawn)
    assert not any("var(" in each for each in drawn)
    widths = [float(re.search(r'width="([\d.]+)"', each)[1]) for each in drawn]
    assert max(widths) <= 700  # an A4 sheet's width between its margins is 673 at 96 pixels an inch; wider ones shrink


def test_the_words_in_a_picture_are_escaped(sample):
    attack = dataclasses.replace(sample.team().evidence[0], name="</text><script>alert(1)</script>")
    team = dataclasses.replace(sample.team(), evidence=(attack,), bits=-10.0 + attack.bits)
    document = to_document(dataclasses.replace(sample.findings(), campaigns=(team,)))
    assert "<script" not in picture(charts.waterfall(document.campaigns[0]))
