"""The techniques of MITRE ATLAS that evidence names, as attack patterns under ATLAS' own STIX ids.

    technique("AML.T0024.002")

Names are those of ATLAS data 5.6.1 (Apache-2.0). ATLAS' generator derives its ids (UUIDv5 of the technique's number in
a namespace made of the bytes of "atlas.mitre.org."), so they are derived here too; ids of the published bundle are held
against them in the tests. ATLAS gives no lasting times of creation, so ours is fixed.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from stillwatch.indicators import markings

NAMESPACE = UUID(bytes=b"atlas.mitre.org.")
_CREATED = "2020-01-01T00:00:00.000Z"

_NAMES: Mapping[str, str] = {
    "AML.T0005": "Create Proxy AI Model",
    "AML.T0005.001": "Train Proxy via Replication",
    "AML.T0008.005": "AI Service Proxies",
    "AML.T0012": "Valid Accounts",
    "AML.T0021": "Establish Accounts",
    "AML.T0024": "Exfiltration via AI Inference API",
    "AML.T0024.002": "Extract AI Model",
    "AML.T0034": "Cost Harvesting",
    "AML.T0040": "AI Model Inference API Access",
    "AML.T0048.004": "AI Intellectual Property Theft",
    "AML.T0051": "LLM Prompt Injection",
    "AML.T0054": "LLM Jailbreak",
    "AML.T0065": "LLM Prompt Crafting",
}


def _pattern(number: str, name: str) -> dict[str, Any]:
    return {
        "type": "attack-pattern",
        "spec_version": "2.1",
        "id": f"attack-pattern--{uuid5(NAMESPACE, number)}",
        "created": _CREATED,
        "modified": _CREATED,
        "name": name,
        "external_references": [{"source_name": "mitre-atlas", "external_id": number}],
        "object_marking_refs": markings.refs(markings.TLP[markings.Level.CLEAR]),
    }


TECHNIQUES: Mapping[str, dict[str, Any]] = {number: _pattern(number, name) for number, name in _NAMES.items()}


def technique(number: str) -> dict[str, Any] | None:
    """The attack pattern of a technique such as `AML.T0040`; None for one that is not vendored."""
    return TECHNIQUES.get(number)
