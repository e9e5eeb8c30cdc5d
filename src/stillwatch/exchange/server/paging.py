"""Pages: from what the store gives to the bytes of a response.

Bodies are joined as they are stored, never parsed: a page of a thousand objects costs about as much as sending it.
"""

import json
from collections.abc import Iterable

from fastapi import Response

from stillwatch.exchange.server.errors import MEDIA_TYPE
from stillwatch.indicators import timestamps

FIRST, LAST = "X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"
OBJECT_TYPE = "application/stix+json;version="


def document(value: object, status: int = 200) -> Response:
    """A resource as TAXII sends it."""
    return Response(json.dumps(value).encode(), status, media_type=MEDIA_TYPE)


def page(name: str, items: Iterable[bytes], dates: tuple[int, int], following: str | None) -> Response:
    """A page of items, each JSON already.

    Args:
        name: the property that holds them: objects or versions.
        items: the JSON of each.
        dates: `date_added` of the first and the last item; on an empty page where the client's next question begins.
        following: `next`, where more follow.
    """
    listed = b",".join(items)
    parts = []
    if following is not None:
        parts.append(b'"more":true,"next":' + json.dumps(following).encode())
    elif listed:
        parts.append(b'"more":false')
    if listed:  # an empty list is forbidden (section 2)
        parts.append(json.dumps(name).encode() + b":[" + listed + b"]")
    headers = {FIRST: timestamps.text(dates[0]), LAST: timestamps.text(dates[1])}
    return Response(b"{" + b",".join(parts) + b"}", headers=headers, media_type=MEDIA_TYPE)


def manifest_record(id_: str, version: str, date_added: int, spec_version: str) -> bytes:
    """What a manifest says of one version of an object (section 5.3.1)."""
    record = {
        "id": id_,
        "date_added": timestamps.text(date_added),
        "version": version,
        "media_type": OBJECT_TYPE + spec_version,
    }
    return json.dumps(record).encode()
