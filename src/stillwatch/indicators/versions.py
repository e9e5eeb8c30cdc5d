"""Versions of one's own objects: said anew, withdrawn, and dead.

    renewed(new, old)              # the old one where nothing has changed, else a newer version of it
    retracted(obj, now=now)        # the version that withdraws it
    dead(withdrawn, now=now)       # after a grace period, for consumers that do not read `revoked`

A newer version keeps `created` and has a later `modified` (STIX 2.1, section 3.6); unknown properties are kept.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stillwatch.indicators import patterns, timestamps

Object = dict[str, Any]

#: A pattern that no observation meets, for patterns in STIX's own language: one address is not two.
NEVER = "[ipv4-addr:value = '192.0.2.0' AND ipv4-addr:value = '192.0.2.1']"

_TIMES = frozenset({"created", "modified", "valid_from", "valid_until", "published"})
_TICK = 1000  # microseconds: STIX wants milliseconds


def renewed(new: Object, old: Mapping[str, Any] | None) -> Object:
    """Say an object anew: as it was where nothing but times differs or it was withdrawn, else as a newer version."""
    if old is None:
        return new
    if old.get("revoked") or _lasting(old) == _lasting(new):
        return dict(old)
    return new | {"created": old["created"], "modified": _milliseconds(_after(old, timestamps.parse(new["modified"])))}


def retracted(obj: Mapping[str, Any], *, now: datetime) -> Object:
    """The version that withdraws one's own object: revoked, newer than the last, and valid no longer.

    Unknown properties are kept. What is revoked already comes back as it is.
    """
    if obj.get("revoked"):
        return dict(obj)
    modified = _after(obj, timestamps.of(now))
    new = dict(obj) | {"modified": _milliseconds(modified), "revoked": True}
    if obj["type"] == "indicator":
        until = max(modified, timestamps.parse(obj["valid_from"]) + _TICK)  # later than valid_from: STIX 2.1, 4.7
        new["valid_until"] = _milliseconds(until)
    return new


def dead(withdrawn: Mapping[str, Any], *, now: datetime) -> Object:
    """A newer version of a withdrawn indicator whose pattern nothing can match.

    For consumers that drop `revoked` (misp-stix among them): they would go on matching.
    """
    ours = withdrawn["pattern_type"] == patterns.PATTERN_TYPE
    modified = _after(withdrawn, timestamps.of(now))
    pattern = patterns.write(patterns.Never()) if ours else NEVER
    return dict(withdrawn) | {"modified": _milliseconds(modified), "pattern": pattern}


def _lasting(obj: Mapping[str, Any]) -> Object:
    return {name: value for name, value in obj.items() if name not in _TIMES}


def _after(obj: Mapping[str, Any], microseconds: int) -> int:
    return max(microseconds, timestamps.parse(obj["modified"]) + _TICK)


def _milliseconds(microseconds: int) -> str:
    return timestamps.text(-(-microseconds // _TICK) * _TICK)[:-4] + "Z"
