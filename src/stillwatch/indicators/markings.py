"""Who may see an object, and what may be done with it: TLP 2.0, PAP and IEP 2.0 as STIX marking definitions.

    TLP[Level.AMBER_STRICT]                    # OASIS' own object, to be shipped beside what it marks
    level(obj, definitions)                    # how widely an object may go
    narrower_or_equal(new, old)                # what a new version may do to a marking

TLP 2.0 and PAP objects carry the ids that OASIS published (cti-stix-common-objects): no others may stand for them.
"""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any

from stillwatch.indicators import ids

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
PAP_EXTENSION = "extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b"
IEP_EXTENSION = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"


class Level(IntEnum):
    """TLP 2.0, from the widest to the narrowest."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def label(self) -> str:
        """As FIRST writes it, without `TLP:`: `amber+strict`."""
        return self.name.lower().replace("_", "+")


#: What no marking, or one that nobody knows, is taken for.
UNKNOWN = Level.AMBER


def _definition(uuid: str, created: str, name: str, extension: str, content: dict[str, object]) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid}",
        "created": created,
        "name": name,
        "extensions": {extension: {"extension_type": "property-extension", **content}},
    }


def _tlp(level: Level, uuid: str) -> dict[str, Any]:
    name = f"TLP:{level.label.upper()}"
    return _definition(uuid, "2022-10-01T00:00:00.000Z", name, TLP_EXTENSION, {"tlp_2_0": level.label})


def _pap(colour: str, uuid: str) -> dict[str, Any]:
    return _definition(uuid, "2022-10-02T00:00:00.000Z", f"PAP:{colour.upper()}", PAP_EXTENSION, {"pap": colour})


TLP: Mapping[Level, dict[str, Any]] = {
    level: _tlp(level, uuid)
    for level, uuid in {
        Level.CLEAR: "94868c89-83c2-464b-929b-a1a8aa3c8487",
        Level.GREEN: "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Level.AMBER: "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Level.AMBER_STRICT: "939a9414-2ddd-4d32-a0cd-375ea402b003",
        Level.RED: "e828b379-4e03-4974-9ac4-e53a884c97c1",
    }.items()
}
PAP: Mapping[str, dict[str, Any]] = {
    colour: _pap(colour, uuid)
    for colour, uuid in {
        "clear": "ad15a0cd-55b6-4588-a14c-a66105329b92",
        "white": "a3bea94c-b469-41dc-9cfe-d6e7daba7730",
        "green": "c43594d1-4b11-4c59-93ab-1c9b14d53ce9",
        "amber": "60f8932b-e51e-4458-b265-a2e8be9a80ab",
        "red": "740d36e5-7714-4c30-961a-3ae632ceee0e",
    }.items()
}

#: How a receiver may act (FIRST IEP 2.0): nothing that others see, before a review of his own; whom it concerns may be
#: told, so that there can be reasons and appeals; nobody is named as the source.
OWN_REVIEW: dict[str, Any] = _definition(
    ids.derived("marking-definition", "own-review").removeprefix("marking-definition--"),
    "2026-11-02T09:00:00.000Z",
    "IEP: own review before action",
    IEP_EXTENSION,
    {
        "encrypt_in_transit": "must",
        "permitted_actions": "internally-visible-actions",
        "affected_party_notifications": "may",
        "tlp": "amber",
        "provider_attribution": "must-not",
        "unmodified_resale": "must-not",
        "iep_id": ids.derived("iep", "own-review").removeprefix("iep--"),
        "iep_version": 2.0,
        "description": "An observation, not an order: whoever receives it reviews its own evidence and decides alone.",
        "start_date": "2026-11-02T09:00:00.000Z",
    },
) | {
    "external_references": [{"source_name": "FIRST", "description": "Information Exchange Policy 2.0"}],
}

#: The marking definitions that come with the software, by id; nothing else may stand under these ids.
SHIPPED: Mapping[str, dict[str, Any]] = {each["id"]: each for each in (*TLP.values(), *PAP.values(), OWN_REVIEW)}

_LEVELS: Mapping[str, Level] = {definition["id"]: level for level, definition in TLP.items()} | {
    # TLP 1.0, the four objects of STIX 2.1 (section 7.2.1.4)
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Level.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Level.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Level.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Level.RED,
}
_SILENT = frozenset(SHIPPED) - frozenset(_LEVELS)  # they say how to act, not who may see
_CLAIMS: Mapping[str, Level] = {level.label: level for level in Level} | {"white": Level.CLEAR}


def refs(*markings: Mapping[str, Any]) -> list[str]:
    """The value of `object_marking_refs` for these definitions."""
    return [str(marking["id"]) for marking in markings]


def level(obj: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]] | None = None) -> Level:
    """Tell how widely an object may go: the narrowest of its markings, those of its parts included.

    What is not marked, or carries a marking that nobody knows, is AMBER. A definition that is known but is none of
    OASIS' own cannot widen anything: what it claims counts only where it is narrower than AMBER. The definitions that
    come with the software are public.

    Args:
        obj: any JSON object, of any shape.
        definitions: marking definitions by id, beside those that are shipped.
    """
    if isinstance(identity := obj.get("id"), str) and identity in SHIPPED:
        return Level.CLEAR
    said = [_said(ref, definitions or {}) for ref in _marking_refs(obj)]
    return max((each for each in said if each is not None), default=UNKNOWN)


def narrower_or_equal(new: Level, old: Level) -> bool:
    """Whether a new version may carry this level: a marking never widens."""
    return new >= old


def _said(ref: object, definitions: Mapping[str, Mapping[str, Any]]) -> Level | None:
    if not isinstance(ref, str):
        return UNKNOWN
    if ref in _LEVELS:
        return _LEVELS[ref]
    if ref in _SILENT:
        return None
    definition = definitions.get(ref)
    if definition is None:
        return UNKNOWN
    claims = [_CLAIMS.get(claim, UNKNOWN) for claim in _claims(definition)]
    return max(UNKNOWN, *claims) if claims else None  # a statement says nothing of who may see


def _claims(definition: Mapping[str, Any]) -> Iterator[str]:
    extensions = definition.get("extensions")
    parts = [*extensions.values()] if isinstance(extensions, dict) else []
    for part in [*parts, definition.get("definition")]:
        if isinstance(part, dict):
            yield from (str(part[name]) for name in ("tlp_2_0", "tlp") if name in part)


def _marking_refs(obj: Mapping[str, Any]) -> Iterator[object]:
    whole, parts = obj.get("object_marking_refs"), obj.get("granular_markings")
    if whole is not None:
        yield from whole if isinstance(whole, list) else [None]
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and "marking_ref" in part:
            yield part["marking_ref"]
