import dataclasses
import io
import re

import pytest
from rich.console import Console

from stillwatch.campaigns.findings import TextPart
from stillwatch.reports.document import Review, to_document, with_reviews
from stillwatch.reports.terminal import summary, waterfall


def printed(renderable, *, width=80, **console):
    """What a pipe of that width receives."""
    stream = io.StringIO()
    Console(file=stream, width=width, **console).print(renderable)
    return stream.getvalue()


def plain(text):
    """A text on one line, as read."""
    return " ".join(text.split())


def test_the_summary_has_not_changed(document, golden):
    golden("summary.txt", printed(summary(document)))


def test_the_waterfall_has_not_changed(document, golden):
    golden("waterfall.txt", printed(waterfall(document.campaigns[0])))


def test_the_summary_of_nothing_has_not_changed(sample, golden):
    golden("quiet.txt", printed(summary(to_document(sample.quiet()))))


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 200])
def test_it_fits_the_terminal(document, width):
    shown = [summary(document), *map(waterfall, document.campaigns)]
    assert all(len(line) <= width for each in shown for line in printed(each, width=width).splitlines())


def test_everything_is_legible_at_80_columns(document):
    text = printed(summary(document))
    for campaign in document.campaigns:
        line = next(line for line in text.splitlines() if campaign.id in line)
        assert f"{campaign.requests:,}" in line
        assert campaign.severity in line
        assert f"{campaign.crossed_at:%b %H:%M}" in line


def test_the_sums_run_from_the_prior_to_the_score(document):
    campaign = document.campaigns[1]
    sums = re.findall(r"[+-]\d+\.\d +(-?\d+\.\d)$", printed(waterfall(campaign)), flags=re.MULTILINE)
    assert sums == ["-10.0", "-0.7", "7.0", "9.5", "8.7"]


def test_a_pipe_gets_plain_text(document):
    assert "\x1b" not in printed(summary(document)) + printed(waterfall(document.campaigns[0]))


def test_no_color_leaves_no_colour_on_a_terminal(document, monkeypatch):
    def codes():
        text = printed(waterfall(document.campaigns[0]), force_terminal=True, color_system="truecolor")
        return {code for run in re.findall(r"\x1b\[([\d;]+)m", text) for code in run.split(";")}

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "34" in codes()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not {code for code in codes() if int(code) >= 30}


def test_for_and_against_differ_without_colour(document):
    lines = printed(waterfall(document.campaigns[0])).splitlines()
    assert "█" in next(line for line in lines if line.lstrip().startswith("sign-up: payment"))
    against = next(line for line in lines if "day and night" in line)
    assert "▒" in against
    assert "█" not in against


def test_the_words_of_others_steer_nothing(sample):
    hostile = "\x1b[2J\x1b]0;gone\x07 [bold red]markup[/] \u202egnp.exe"
    team = sample.team()
    evidence = (dataclasses.replace(team.evidence[0], says=hostile), *team.evidence[1:])
    accounts = (dataclasses.replace(team.accounts[0], account_id=hostile), *team.accounts[1:])
    spoiled = dataclasses.replace(
        team, evidence=evidence, accounts=accounts, shared_text=((TextPart(hostile, slot=True),),)
    )
    found = dataclasses.replace(sample.findings(), campaigns=(spoiled,))
    document = to_document(found)
    text = printed(summary(document)) + printed(waterfall(document.campaigns[0]), width=200)
    assert not set(text) & set("\x1b\x07\u202e")
    assert text.count("[bold red]markup[/]") == 3


def test_a_rejection_is_told_and_not_counted(sample, document):
    review = Review(verdict="rejected", author="ana", reason="Our own evaluation.", at=sample.END)
    reviewed = with_reviews(document, lambda campaign: review if campaign.id == "c-91c4e0aa" else None)
    text = plain(printed(summary(reviewed)))
    assert "2 campaigns of 852 accounts" in text
    assert "1 campaign rejected earlier, on the same evidence" in text
    assert "Rejected by ana on 30 Sep 2026: Our own evaluation." in plain(printed(waterfall(reviewed.campaigns[2])))


def test_a_rejection_whose_evidence_has_changed_says_so(sample, document):
    says = "Since then 40 accounts joined and 1 left."
    review = Review(verdict="rejected", author="ana", reason="Ours.", at=sample.END, stands=False, says=says)
    reviewed = with_reviews(document, lambda _: review)
    assert "3 campaigns of" in plain(printed(summary(reviewed)))
    assert says in plain(printed(waterfall(reviewed.campaigns[0])))


def test_of_many_accounts_the_first_are_shown(document):
    text = printed(waterfall(document.campaigns[0], top_accounts=3))
    assert text.count("acct-") == 3
    assert "and 209 more accounts" in text


def test_a_campaign_without_evidence_or_texts_is_shown(sample):
    bare = dataclasses.replace(
        sample.team(), evidence=(), bits=-10.0, lookalikes_considered=(), shared_text=(), links=(), families=()
    )
    campaign = to_document(dataclasses.replace(sample.findings(), campaigns=(bare,))).campaigns[0]
    text = printed(waterfall(campaign))
    assert "prior" in text
    assert "Shared text" not in text
