"""The types of STIX 2.1 and what each requires beside the common properties (STIX 2.1, sections 4 to 7).

Whole tables, so that a check is a look-up; `incoming` gives the kinds (`text`, `time`, `refs`, …) their meaning.
"""

from collections.abc import Mapping

_NAMED = {"name": "text"}

_DOMAIN: dict[str, dict[str, str]] = {
    "attack-pattern": _NAMED,
    "campaign": _NAMED,
    "course-of-action": _NAMED,
    "grouping": {"context": "text", "object_refs": "refs"},
    "identity": _NAMED,
    "incident": _NAMED,
    "indicator": {"pattern": "text", "pattern_type": "text", "valid_from": "time"},
    "infrastructure": _NAMED,
    "intrusion-set": _NAMED,
    "location": {},
    "malware": {"is_family": "flag"},
    "malware-analysis": {"product": "text"},
    "note": {"content": "text", "object_refs": "refs"},
    "observed-data": {"first_observed": "time", "last_observed": "time", "number_observed": "count"},
    "opinion": {"opinion": "text", "object_refs": "refs"},
    "report": {"name": "text", "published": "time", "object_refs": "refs"},
    "threat-actor": _NAMED,
    "tool": _NAMED,
    "vulnerability": _NAMED,
}

_RELATIONSHIPS: dict[str, dict[str, str]] = {
    "relationship": {"relationship_type": "text", "source_ref": "ref", "target_ref": "ref"},
    "sighting": {"sighting_of_ref": "ref"},
}

_META: dict[str, dict[str, str]] = {
    "extension-definition": {"name": "text", "schema": "text", "version": "text", "extension_types": "texts"},
    "language-content": {"object_ref": "ref", "contents": "object"},
    "marking-definition": {},
}

_VALUED = {"value": "text"}

#: Cyber-observable objects: they carry no times of their own.
OBSERVABLES: Mapping[str, Mapping[str, str]] = {
    "artifact": {},
    "autonomous-system": {"number": "count"},
    "directory": {"path": "text"},
    "domain-name": _VALUED,
    "email-addr": _VALUED,
    "email-message": {"is_multipart": "flag"},
    "file": {},
    "ipv4-addr": _VALUED,
    "ipv6-addr": _VALUED,
    "mac-addr": _VALUED,
    "mutex": _NAMED,
    "network-traffic": {"protocols": "texts"},
    "process": {},
    "software": _NAMED,
    "url": _VALUED,
    "user-account": {},
    "windows-registry-key": {},
    "x509-certificate": {},
}

#: What each known type requires, and of which kind it is.
REQUIRED: Mapping[str, Mapping[str, str]] = {**_DOMAIN, **_RELATIONSHIPS, **_META, **OBSERVABLES}

#: Known types whose objects are never modified.
UNVERSIONED = frozenset({"marking-definition"})

#: Required since STIX 2.1: objects of 2.0 lack it.
SINCE_2_1 = frozenset({("indicator", "pattern_type"), ("malware", "is_family")})
