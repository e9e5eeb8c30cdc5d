"""What the briefs say, and what they must not say."""

import json
import re

import pytest

from stillwatch.reports.briefs import analyst, counsel, executive, forum, phrases, policy
from stillwatch.reports.briefs.text import brief_json, brief_markdown
from stillwatch.reports.document import to_document

from .conftest import made

READERS = {"executive": executive, "counsel": counsel, "policy": policy}
CONVICTING = re.compile(
    r"\b(guilty|thie(f|ves)|stole|stealing|criminals?|crime|attackers?|hackers?|perpetrators?|culprits?|china|russia)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="session")
def texts(material):
    return {name: brief_markdown(module.brief(material)) for name, module in READERS.items()}


@pytest.mark.parametrize("reader", READERS)
def test_the_words_have_not_changed(texts, golden, reader):
    golden(f"brief-{reader}.md", texts[reader])


def test_the_forums_words_have_not_changed(answers, golden, monkeypatch):
    monkeypatch.setattr(forum, "__version__", "0")
    golden("brief-forum.md", brief_markdown(forum.brief(answers)))


def test_the_report_as_markdown_has_not_changed(judged, golden):
    golden("findings.md", analyst.report_markdown(judged))


@pytest.mark.parametrize("reader", READERS)
def test_no_word_convicts_anybody(texts, reader):
    assert CONVICTING.findall(texts[reader]) == []


def test_an_executive_sees_no_account_and_no_text(texts, judged):
    assert not any(account.account_id in texts["executive"] for c in judged.campaigns for account in c.accounts)
    assert "senior analyst" not in texts["executive"]


def test_a_policy_maker_sees_nothing_named_and_nothing_exact(texts, judged, material):
    text = texts["policy"]
    for campaign in judged.campaigns:
        assert campaign.id not in text
        assert f"{campaign.requests:,}" not in text
        assert f"{len(campaign.accounts):,} accounts" not in text
        assert not any(account.account_id in text for account in campaign.accounts)
        assert not any(evidence.says in text for evidence in campaign.evidence)
    assert material.verdicts[0].suspect not in text
    assert "ana" not in re.findall(r"\w+", text)
    assert "senior analyst" not in text
    assert re.findall(r"\d{4}-\d\d-\d\d|\d+ Sep", text) == []
    assert "Actor 3" in text
    assert "Model 1" in text


def test_counsel_sees_all_evidence_and_what_it_was_made_from(texts, judged, material):
    text = texts["counsel"].replace("\\", "")
    for campaign in judged.campaigns:
        assert all(evidence.says in text for evidence in campaign.evidence)
        assert all(each.says in text for each in campaign.lookalikes_considered)
    assert all(source.sha256 in text for source in material.sources)
    assert all(each.wants in text for each in material.verdicts[0].requirements)
    assert material.verdicts[0].plan in text
    assert "48213" not in text  # what changes from request to request is a customer's own


def test_what_people_rejected_is_in_no_brief(document, sample):
    from stillwatch.reports.document import Review, with_reviews  # noqa: PLC0415

    review = Review(verdict="rejected", author="ana", reason="ours", at=sample.END)
    rejected = made(with_reviews(document, lambda c: review if c.severity == "critical" else None))
    for module in READERS.values():
        text = brief_markdown(module.brief(rejected))
        assert "c-3f9a1b72" not in text
        assert "48,210" not in text
    assert "1 more was rejected and not counted" in brief_markdown(executive.brief(rejected))


@pytest.mark.parametrize("reader", READERS)
def test_nothing_found_is_said_and_is_no_acquittal(sample, reader):
    brief = READERS[reader].brief(made(to_document(sample.quiet())))
    text = brief_markdown(brief)
    assert brief.sections
    assert {"executive": "No campaign was found", "counsel": "0 campaigns", "policy": "was none"}[reader] in text


def test_without_a_ledger_or_a_verdict_that_is_said(document):
    text = brief_markdown(executive.brief(made(document)))
    assert "No ledger of measures was given" in text
    assert "no forensic verdict came with this brief" in text


def test_as_json_it_has_the_same_words(material):
    brief = policy.brief(material)
    found = json.loads(brief_json(brief))
    assert found["reader"] == "policy"
    assert [each["title"] for each in found["sections"]] == [each.title for each in brief.sections]
    assert found["sections"][0]["rows"][0][0] == "Actor 1"
    assert "charts" not in found["sections"][0]


@pytest.mark.parametrize(
    ("number", "words"), [(0, "none"), (7, "1 to 9"), (100, "100 to 999"), (2_611, "1,000 to 9,999")]
)
def test_orders_of_magnitude_are_worded(number, words):
    assert phrases.magnitude(number) == words
