"""A brief as Markdown, and as JSON for who would lay it out himself."""

import json
from dataclasses import asdict

from stillwatch.reports.briefs.model import Brief
from stillwatch.reports.markdown import markdown

VERSION = "1"


def brief_markdown(brief: Brief) -> str:
    """Write it as Markdown, without its pictures: each table says what they show."""
    figures = [f"{each.value} {each.label} ({each.says})." for each in brief.figures]
    begin = (brief.about, *brief.lead, *figures)
    return markdown(brief.title, brief.sections, begin=begin, ending=f"{brief.handling} {brief.generator}.")


def brief_json(brief: Brief) -> str:
    """Write it as JSON: the same words, without the pictures."""
    document = {"version": VERSION, **asdict(brief)}
    for section in document["sections"]:
        section["numbers"] = sorted(section["numbers"])
        del section["charts"], section["page"]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
