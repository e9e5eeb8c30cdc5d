import dataclasses
import re
from datetime import timedelta

import pytest
import vl_convert

from stillwatch.campaigns.findings import Link
from stillwatch.reports import charts
from stillwatch.reports.document import to_document


@pytest.fixture(scope="module")
def pool(document):
    return document.campaigns[0]


def drawn(specification):
    """The marks of a chart, as Vega-Lite draws them."""
    width = {"width": 600} if specification.get("width", "container") == "container" else {}
    svg = vl_convert.vegalite_to_svg(specification | width)
    return re.findall(r'<path aria-label="[^"]*" role="graphics-symbol"', svg)


@pytest.mark.parametrize("chart", [charts.timeline, charts.volume, charts.waterfall, charts.matrix])
def test_every_value_is_drawn(pool, chart):
    specification = chart(pool)
    assert len(drawn(specification)) >= len(specification["data"]["values"])


def test_the_overview_draws_each_campaign_before_and_after(document):
    specification = charts.overview(document.campaigns)
    assert len(drawn(specification)) == 2 * len(document.campaigns)
    for before, after in zip(*[iter(specification["data"]["values"])] * 2, strict=True):
        assert before["campaign"] == after["campaign"]
        assert before["to"] == after["from"]


@pytest.mark.parametrize("days", [0.2, 1.9, 2, 7, 31, 90, 400])
def test_a_time_axis_has_room_for_its_dates_and_names_none_twice(pool, days):
    last_seen = pool.first_seen + timedelta(days=days)
    lasting = pool.model_copy(update={"last_seen": last_seen, "crossed_at": last_seen})
    svg = vl_convert.vegalite_to_svg(charts.overview([lasting]) | {"width": 600})
    labels = re.findall(r">(\d+ [A-Z][a-z]+(?: \d+:\d+)?)</text>", svg)
    assert 1 < len(labels) <= charts.DATES + 3
    assert days > 365 or len(set(labels)) == len(labels)


def test_the_timeline_keeps_every_request(document):
    for campaign in document.campaigns:
        values = charts.timeline(campaign)["data"]["values"]
        assert sum(value["requests"] for value in values) == campaign.requests
        assert len(values) <= charts.BARS + 1
        assert len({value["from"] for value in values}) == len(values)


def test_the_waterfall_begins_each_bar_where_the_last_one_ended(pool):
    first, *steps, score = charts.waterfall(pool)["data"]["values"]
    assert (first["from"], first["to"]) == (0.0, pool.prior)
    for before, after in zip([first, *steps], steps, strict=False):
        assert after["from"] == before["to"]
    assert (score["from"], score["to"]) == (0.0, pytest.approx(steps[-1]["to"]))
    assert score["to"] == pool.bits


def test_evidence_of_one_name_keeps_bars_of_its_own(sample):
    team = sample.team()
    twice = dataclasses.replace(team, evidence=team.evidence * 2, bits=team.prior + 2 * (team.bits - team.prior))
    campaign = to_document(dataclasses.replace(sample.findings(), campaigns=(twice,))).campaigns[0]
    steps = [value["step"] for value in charts.waterfall(campaign)["data"]["values"]]
    assert len(set(steps)) == len(steps) == 8


def test_the_volume_of_many_accounts_ends_with_the_mean_of_the_rest(document):
    *busiest, rest = charts.volume(document.campaigns[1])["data"]["values"]
    assert len(busiest) == charts.BUSIEST
    counts = [value["requests"] for value in busiest]
    assert counts == sorted(counts, reverse=True)
    assert rest["account"] == "mean of the other 590"
    assert sum(counts) + 590 * rest["requests"] == pytest.approx(2_611, abs=30)


def test_the_volume_of_few_accounts_shows_them_all(document):
    values = charts.volume(document.campaigns[2])["data"]["values"]
    assert [value["kind"] for value in values] == ["account"] * 7


def test_the_matrix_marks_each_account_under_what_it_shares(pool):
    values = charts.matrix(pool)["data"]["values"]
    shown = {(value["account"], value["thing"]) for value in values}
    assert len(shown) == len(values) == sum(len(set(link.accounts)) for link in pool.links)
    assert len({value["thing"] for value in values}) == len(pool.links)


def test_the_matrix_of_a_crowd_is_capped(sample):
    pool = sample.pool()
    links = tuple(Link("sign_up", "card", tuple(f"a{i}-{n}" for n in range(30))) for i in range(300))
    crowd = dataclasses.replace(pool, links=links)
    campaign = to_document(dataclasses.replace(sample.findings(), campaigns=(crowd,))).campaigns[0]
    values = charts.matrix(campaign)["data"]["values"]
    assert len({value["account"] for value in values}) == charts.MATRIX_ACCOUNTS
    assert len({value["thing"] for value in values}) <= charts.MATRIX_LINKS
