"""Ids that follow from what they name, so that the same thing said twice, or by two members, has one id.

    indicator("model-api-sig", pattern)            # UUIDv5 over the canonical JSON of {pattern, pattern_type}
    relationship(source, "indicates", target)      # over [source, type, target]
    observable("user-account", {"user_id": ...})   # as STIX 2.1 (section 2.9) has it for SCOs
    derived("campaign", contributor, "c-3f9a")     # over [type, ...]

UUIDv5: RFC 4122, section 4.3; canonical JSON: RFC 8785.
"""

from collections.abc import Mapping
from uuid import UUID, uuid5

import rfc8785

#: UUIDv5 of RFC 4122's URL namespace and "urn:stillwatch:exchange". It never changes: all our ids hang on it.
NAMESPACE = UUID("24d72034-0037-5547-9ca4-bdc68a883990")
#: STIX 2.1, section 2.9.
OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")


def canonical(value: object) -> bytes:
    """Write JSON as RFC 8785 has it: one text for one value.

    Raises:
        ValueError: not JSON, or a number that JSON cannot carry exactly (rfc8785.CanonicalizationError).
    """
    return rfc8785.dumps(value)  # type: ignore[arg-type]


def derived(type_: str, *name: object) -> str:
    """The id of an object of ours, from whatever makes it this one."""
    return f"{type_}--{_uuid(NAMESPACE, [type_, *name])}"


def indicator(pattern_type: str, pattern: str) -> str:
    """The id of an indicator: the same signature has the same one, whoever says it."""
    return f"indicator--{_uuid(NAMESPACE, {'pattern_type': pattern_type, 'pattern': pattern})}"


def relationship(source: str, type_: str, target: str) -> str:
    """The id of a relationship between two objects."""
    return f"relationship--{_uuid(NAMESPACE, [source, type_, target])}"


def observable(type_: str, contributing: Mapping[str, object]) -> str:
    """The id of a cyber-observable object, from its id contributing properties."""
    return f"{type_}--{_uuid(OBSERVABLES, dict(contributing))}"


def _uuid(namespace: UUID, value: object) -> UUID:
    return uuid5(namespace, canonical(value).decode())
