"""A verdict in a ticket: complete, and nothing in it is markup that somebody else wrote."""

import re
from dataclasses import replace

from stillwatch.forensics.facts import Lead
from stillwatch.reports.verdict.markdown import verdict_markdown

HOSTILE = "</script><img src=x onerror=alert(1)> | [link](https://x) `code` **bold**\n# heading\u202e"


def test_the_golden_text(document, golden):
    golden("verdict.md", verdict_markdown(document))


def test_where_nothing_was_shown(sample, golden):
    golden("nothing.md", verdict_markdown(sample.document(suspect=(), controls={}, positives={}, leads=(), reruns=())))


def test_everything_of_the_document_is_in_it(document):
    text = verdict_markdown(document).replace("\\", "")
    for sentence in (*document.tested, *document.not_tested, *document.limits, *document.says, document.headline):
        assert sentence in text
    for each in (*document.requirements, *document.instead):
        assert f"{each.wants} {each.says}" in text
    assert all(each.says in text for each in (*document.alternatives, *document.timeline, *document.leads))
    assert all(each.id in text for each in document.subjects)
    assert document.p_says in text


def test_what_others_wrote_stays_text(sample):
    first, *rest = sample.suspect()
    spoiled = sample.document(
        suspect=(replace(first, keys=(), problem=HOSTILE), *rest), leads=(Lead("style", HOSTILE, None, 0),)
    )
    lines = verdict_markdown(spoiled.model_copy(update={"title": HOSTILE, "author": HOSTILE})).splitlines()
    assert not [line for line in lines if line.startswith("# heading")]
    text = "\n".join(lines)
    for raw in ("<img", "[link](", "`code`", "**bold**", "\u202e", "| [link"):
        assert not re.search(rf"(?<!\\){re.escape(raw)}", text)


def test_a_table_has_as_many_cells_in_every_row(document):
    widths = []
    for line in verdict_markdown(document).splitlines():
        if line.startswith("|"):
            widths.append(line.replace("\\|", "").count("|"))
        elif widths:
            assert len(set(widths)) == 1
            widths = []
