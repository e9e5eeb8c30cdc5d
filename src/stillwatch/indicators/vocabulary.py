"""The properties that an object of ours may have, by type, and what may stand in each.

Names are numbers, times of activity are days, words come from closed lists. Two properties are free text (a note's
content, an opinion's explanation): short, on one line, and read for words that counsel should see (`lexicon`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from stillwatch.indicators import extensions, lexicon, markings, patterns

LONGEST_TEXT = 280  # characters
MOST_REFS = 1000
LABEL = "adversarial-distillation"
OBJECTIVE = "Collect outputs of a model for training another model."

#: What an indicator says in words, by kind: consumers keep it where they drop extensions.
DESCRIPTIONS: Mapping[str, str] = {
    "prompt-template": "Many accounts send one rare wrapper around changing content.",
    "vocabulary": "Many accounts ask with the same rare words.",
    "account-network": "Accounts of one campaign share means of payment, mail domains or addresses.",
    "cadence": "Accounts ask as machines do that work through a list.",
}
#: What a note says in words, by the grade of the verdict that it carries.
VERDICTS: Mapping[str, str] = {
    "lead": "A model resembles ours or says that it is ours: a lead, no evidence.",
    "corroborated": "Tests corroborate that a model was trained on our outputs; it is not shown.",
    "shown": "A planned test shows, at the error rate that is told, that a model was trained on outputs that we keyed.",
}
_REVIEW = " An observation made elsewhere: review your own evidence before anything else."


def description(kind: str) -> str:
    """What an indicator of this kind says in words."""
    return DESCRIPTIONS[kind] + _REVIEW


def verdict(grade: str) -> str:
    """What a note says in words that carries a verdict of this grade."""
    return VERDICTS[grade] + _REVIEW


Rule = Callable[[Any], bool]

_NAME = r"DC-[0-9]{4}-[0-9]{4}"
_DAY_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T00:00:00(\.0+)?Z")
_REF = re.compile(r"[a-z0-9-]{3,250}--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _matches(pattern: str) -> Rule:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _one_of(*values: object) -> Rule:
    return lambda value: isinstance(value, (str, int)) and value in values


def _some_of(*values: str) -> Rule:
    return lambda value: isinstance(value, list) and all(isinstance(each, str) and each in values for each in value)


def _is_ref(value: object) -> bool:
    return isinstance(value, str) and _REF.fullmatch(value) is not None


def _are_refs(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_REFS and all(map(_is_ref, value))


def _is_day(value: object) -> bool:
    return isinstance(value, str) and _DAY_TIME.fullmatch(value) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    return isinstance(value, str) and len(value) < 40


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_said(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and value.isprintable() and not lexicon.hit(value)


def _are_markings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each in markings.SHIPPED for each in value)


def _are_ours(value: object) -> bool:
    return isinstance(value, dict) and set(value) <= set(extensions.ALL)


#: Properties of any object.
COMMON: Mapping[str, Rule] = {
    "type": _is_text,
    "spec_version": _one_of("2.1"),
    "id": _is_ref,
    "created_by_ref": _is_ref,
    "created": _is_time,
    "modified": _is_time,
    "revoked": _is_flag,
    "confidence": lambda value: isinstance(value, int),
    "labels": _some_of(LABEL),
    "object_marking_refs": _are_markings,
    "extensions": _are_ours,
}
_SPAN: Mapping[str, Rule] = {"first_seen": _is_day, "last_seen": _is_day}

#: Properties of each type; a type that is not here is not said.
PROPERTIES: Mapping[str, Mapping[str, Rule]] = {
    "campaign": {"name": _matches(_NAME), "objective": _one_of(OBJECTIVE), **_SPAN},
    "grouping": {
        "name": _matches(_NAME),
        "context": _one_of("suspicious-activity"),
        "object_refs": _are_refs,
    },
    "identity": {
        "name": _matches("contributor-[0-9a-f]{8}"),
        "identity_class": _one_of("organization"),
    },
    "indicator": {
        "name": _matches(rf"[A-Z][a-z ]{{2,40}} of {_NAME}"),
        "description": _one_of(*map(description, DESCRIPTIONS)),
        "indicator_types": _some_of("anomalous-activity", "anonymization"),
        "pattern": _is_text,
        "pattern_type": _one_of(patterns.PATTERN_TYPE, "stix"),
        "pattern_version": _one_of(patterns.PATTERN_VERSION, "2.1"),
        "valid_from": _is_time,
        "valid_until": _is_time,
    },
    "infrastructure": {
        "name": _matches(f"Pool of {_NAME}"),
        "infrastructure_types": _some_of("anonymization", "exfiltration"),
        **_SPAN,
    },
    "intrusion-set": {
        "name": _matches(f"Cluster of {_NAME}"),
        "goals": _some_of("model-extraction"),
        "resource_level": _one_of("organization"),
        "primary_motivation": _one_of("organizational-gain"),
        **_SPAN,
    },
    "note": {"content": _is_said, "object_refs": _are_refs},
    "observed-data": {
        "first_observed": _is_day,
        "last_observed": _is_day,
        "number_observed": _one_of(1),
        "object_refs": _are_refs,
    },
    "opinion": {
        "opinion": _one_of("strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"),
        "explanation": _is_said,
        "object_refs": _are_refs,
    },
    "relationship": {
        "relationship_type": _one_of("attributed-to", "uses", "indicates", "investigates", "based-on", "related-to"),
        "source_ref": _is_ref,
        "target_ref": _is_ref,
    },
    "report": {
        "name": _matches(_NAME),
        "report_types": _some_of("campaign"),
        "published": _is_time,
        "object_refs": _are_refs,
    },
    "sighting": {
        "sighting_of_ref": _is_ref,
        "where_sighted_refs": _are_refs,
        "summary": _is_flag,
        **_SPAN,
    },
}
