"""What is known of who says something, for whoever weighs it."""

from collections.abc import Mapping
from typing import Any

from stillwatch.exchange.client.mirror import InForce
from stillwatch.indicators.extensions import SIGNATURE

#: Of an indicator that nobody but its publisher has spoken of; the exchange lists only the others.
_REPORTED = {"state": "reported", "sources": 1, "disputes": 0, "automatic": False}


def standing(found: InForce, contributors: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The standing of one indicator and of its publisher; see `State.indicators`.

    Args:
        found: the indicator, and who published it.
        contributors: what the exchange said of each of its contributors (`/ext/contributors/`), by id.
        told: all that it said there; empty where it says nothing.
    """
    extension = found.object.get("extensions", {}).get(SIGNATURE, {})
    kind = extension.get("signature_kind", "stix")
    publisher = contributors.get(found.publisher or "", {})
    return {
        "root": found.root,
        "publisher": found.publisher,
        "assurance": found.assurance,
        "standing": publisher.get("standing", "unknown"),
        "weight": publisher.get("weights", {}).get(kind, 0.0),
        **(_REPORTED | told.get("indicators", {}).get(found.object["id"], {})),
    }
