"""What a receiver is recommended: to look for himself, and to tell what came of it. There is nothing else to recommend.

    OWN_REVIEW, TELL

No object of ours asks anybody to act against a customer; these two are the only courses of action that pass the
allow-list (`allowed`).
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.indicators import extensions, ids, markings


def _course(name: str, description: str) -> Mapping[str, Any]:
    return {
        "type": "course-of-action",
        "spec_version": "2.1",
        "id": ids.derived("course-of-action", name),
        "created_by_ref": extensions.PUBLISHER["id"],
        "created": extensions.SINCE,
        "modified": extensions.SINCE,
        "name": name,
        "description": description,
        "object_marking_refs": markings.refs(markings.TLP[markings.Level.CLEAR]),
    }


OWN_REVIEW = _course(
    "Own review before anything else",
    "This is an observation made elsewhere. Compare it with your own evidence, let a person review what it matches, "
    "and decide by your own terms alone. By itself it is a reason for nothing.",
)
TELL = _course(
    "Tell what came of it",
    "Publish a sighting with its outcome, or an opinion where you disagree: two members who disagree take the "
    "signature out of automatic matching.",
)

ALL = (OWN_REVIEW, TELL)
