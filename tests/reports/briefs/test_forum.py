"""A forum's quarter: what is read, what is told, and what is not."""

import json

import pytest

from stillwatch.errors import InputError
from stillwatch.exchange.statistics.ledger import Ledger
from stillwatch.reports.briefs.forum import brief, loads
from stillwatch.reports.briefs.text import brief_markdown


def test_it_reads_what_the_command_and_the_exchange_print(answers):
    printed = Ledger(answers=answers).model_dump_json()
    asked = json.dumps({"reports": json.loads(printed)["answers"], "budget": 4.0, "left": {"2026Q3": 1.0}})
    one = answers[0].model_dump_json()
    assert loads(printed, where="x") == loads(asked, where="x") == answers
    assert loads(one, where="x") == answers[:1]


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "{}", '{"answers": []}', "null", '[{"topic": "x"}]', "[1]", "[" * 100_000]
)
def test_what_is_none_is_refused_in_one_line(text):
    with pytest.raises(InputError, match=r"x: Th"):
        loads(text, where="x")


def test_a_period_that_is_none_is_refused(answers):
    broken = answers[0].model_copy(update={"period": "spring"}).model_dump_json()
    with pytest.raises(InputError):
        loads(broken, where="x")


def test_a_row_of_fewer_than_three_members_is_not_told(answers):
    text = brief_markdown(brief(answers))
    assert "cadence" not in text
    assert "Fewer than three members have anything to 1 other row" in text
    assert "none, or too few to tell" in text
    assert "Not told at all: sightings" in text


def test_the_newest_quarter_is_told_unless_another_is_asked_for(answers):
    older = tuple(each.model_copy(update={"period": "2026-04"}) for each in answers)
    assert brief((*older, *answers)).title == "What the forum saw in July to September 2026"
    told = brief((*older, *answers), "2026Q2")
    assert told.title == "What the forum saw in April to June 2026"
    with pytest.raises(InputError, match="2026Q2, 2026Q3"):
        brief((*older, *answers), "2025Q1")


def test_months_of_a_quarter_stand_side_by_side(answers):
    months = tuple(
        each.model_copy(update={"period": f"2026-0{month}", "epsilon": 0.5})
        for each in answers[:1]
        for month in (7, 8, 9)
    )
    table = brief(months).sections[0]
    assert table.headings == ("", "when", "how many")
    assert [row[1] for row in table.rows] == ["2026-07", "2026-08", "2026-09"]
    assert "epsilon = 1.5" in brief_markdown(brief(months))
