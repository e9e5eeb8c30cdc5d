from typing import get_args

import pytest

from stillwatch.response.model import Reason, Rung
from stillwatch.response.policy import notices
from stillwatch.response.snapshot import Gate

RULE = '[[rules]]\nname="a"\nthen="observe"\n'


def test_every_reason_has_its_sentence():
    assert set(notices.WHY) == set(get_args(Reason))


@pytest.mark.parametrize("rung", list(Rung)[1:])
def test_a_notice_says_what_why_until_when_and_how_to_appeal(policy_of, rung):
    gate = policy_of(RULE + '[urls]\nappeal="https://a.example/?d="\nterms="https://t"\nverify="https://v"').gate()
    text = notices.text(gate, rung, decision="d-0123456789ab", until=1_800_000_000, reason="capability_resale")
    assert "https://a.example/?d=d-0123456789ab" in text
    assert "resell" in text
    assert "{" not in text
    assert ("15 January 2027" in text) == (rung != Rung.WARN)


def test_without_urls_a_notice_names_another_way(policy_of):
    for rung in list(Rung)[1:]:
        text = notices.text(policy_of(RULE).gate(), rung, decision="d-1", until=0, reason="unspecified")
        assert "support" in text
        assert "{" not in text


def test_a_provider_words_it_himself():
    own = {Rung.VERIFY: "Wer sind Sie? {verify_url} ({decision})"}
    gate = Gate(verify_url="https://v", notices=notices.worded(own, appeal="", terms="", verify="https://v"))
    text = notices.text(gate, Rung.VERIFY, decision="d-9", until=0, reason="unspecified")
    assert text == "Wer sind Sie? https://v (d-9)"


def test_observing_tells_nobody(policy_of):
    assert not notices.text(policy_of(RULE).gate(), Rung.OBSERVE, decision="d", until=0, reason="unspecified")


@pytest.mark.parametrize("template", ["{bits}", "{", "{}", "{0}", "{decision.__class__}", "{until:>10}"])
def test_a_notice_fills_in_only_what_it_may(template):
    with pytest.raises(ValueError):  # noqa: PT011 — the words differ
        notices.check(template)
