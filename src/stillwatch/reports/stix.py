"""Findings as a STIX 2.1 bundle for a threat intelligence platform: what may be said of each campaign that stands.

    text = report_stix(document, contributor="identity--…", marking=Level.AMBER_STRICT)

It is what `stillwatch share` shows before there are tokens: days, orders of magnitude, techniques; no account, no text,
and so no indicator. The same findings give the same bundle: it is said at the end of their window.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from stillwatch.errors import PrivacyError
from stillwatch.indicators import outgoing
from stillwatch.indicators.ids import canonical
from stillwatch.indicators.markings import Level
from stillwatch.reports.document import FindingsDocument

#: Stands for the one who says it, where no exchange has given him a pseudonym.
ANYBODY = "identity--00000000-0000-4000-8000-000000000000"

_BUNDLES = uuid.UUID("6c0f3d5e-2b57-4d61-9a3c-0d9c4c8c7b1e")  # ours: ids of bundles follow from what is in them


def report_stix(document: FindingsDocument, *, contributor: str = ANYBODY, marking: Level = Level.AMBER_STRICT) -> str:
    """The campaigns that nobody dismissed; those of which all evidence came from other members are left out."""
    objects: dict[str, Mapping[str, Any]] = {}
    for campaign in document.standing:
        try:
            said = outgoing.said(campaign).said
        except PrivacyError:
            continue
        objects |= _by_id(outgoing.objects(said, contributor=contributor, now=document.window.end, marking=marking))
    return _bundle(objects)


def _by_id(objects: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {each["id"]: each for each in objects}


def _bundle(objects: Mapping[str, Mapping[str, Any]]) -> str:
    carried = {extension for each in objects.values() for extension in each.get("extensions", {})}
    content = [each for id_, each in objects.items() if each["type"] != "extension-definition" or id_ in carried]
    name = uuid.uuid5(_BUNDLES, canonical(content).decode())
    bundle = {"type": "bundle", "id": f"bundle--{name}", **({"objects": content} if content else {})}
    return json.dumps(bundle, indent=2, ensure_ascii=False) + "\n"
