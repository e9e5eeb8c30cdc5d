"""What a receiver is recommended: to look for himself. There is nothing else to recommend.

    OWN_REVIEW

No object of ours asks anybody to act against a customer; this is the only course of action that passes the allow-list
(`allowed`).
"""

from collections.abc import Mapping
from typing import Any

from stillwatch.indicators import extensions, ids, markings

OWN_REVIEW: Mapping[str, Any] = {
    "type": "course-of-action",
    "spec_version": "2.1",
    "id": ids.derived("course-of-action", "own-review"),
    "created_by_ref": extensions.PUBLISHER["id"],
    "created": extensions.SINCE,
    "modified": extensions.SINCE,
    "name": "Own review before anything else",
    "description": (
        "This is an observation made elsewhere. Compare it with your own evidence, let a person review what it "
        "matches, decide by your own terms alone, and tell what came of it in a sighting or an opinion. By itself it "
        "is a reason for nothing."
    ),
    "object_marking_refs": markings.refs(markings.TLP[markings.Level.CLEAR]),
}
