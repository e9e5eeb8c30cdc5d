"""Findings for a SIEM: OCSF 1.5 events of class Detection Finding (2004), one a campaign, one JSON object a line.

    text = report_ocsf(document)

A campaign is created (1), updated (2) once a person has judged it, and closed (3) and suppressed where he has rejected
it. The events name accounts, for the SIEM is the provider's own; no text of a request leaves in them.
"""

import json
from datetime import datetime
from typing import Any

from stillwatch import __version__
from stillwatch.reports.document import Account, Campaign, Evidence, FindingsDocument
from stillwatch.reports.wording import TECHNIQUES, count, label

VERSION = "1.5.0"
ATLAS = "5.6.1"
MOST_ACCOUNTS = 1000  # of a campaign that are named in its event, those who surely belong first

_SEVERITIES = {"low": 2, "medium": 3, "high": 4, "critical": 5}
_CONFIDENCES = {"low": (1, "Low"), "medium": (2, "Medium"), "high": (3, "High"), "critical": (3, "High")}
_VERDICTS = {"rejected": (1, "False Positive"), "confirmed": (2, "True Positive"), "unsure": (4, "Suspicious")}
_CREATE, _UPDATE, _CLOSE = (1, "Create"), (2, "Update"), (3, "Close")
_NEW, _IN_PROGRESS, _SUPPRESSED = (1, "New"), (2, "In Progress"), (3, "Suppressed")


def report_ocsf(document: FindingsDocument) -> str:
    """Every campaign of the document as one line of JSON, strongest first."""
    return "".join(f"{json.dumps(event(campaign), ensure_ascii=False)}\n" for campaign in document.campaigns)


def event(campaign: Campaign) -> dict[str, Any]:
    """A campaign as a Detection Finding."""
    (activity, activity_name), (status, status_name) = _stage(campaign)
    confidence, confidence_name = _CONFIDENCES[campaign.severity]
    return {
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200_400 + activity,
        "type_name": f"Detection Finding: {activity_name}",
        "time": _milliseconds(campaign.review.at if campaign.review else campaign.crossed_at),
        "start_time": _milliseconds(campaign.first_seen),
        "end_time": _milliseconds(campaign.last_seen),
        "severity_id": _SEVERITIES[campaign.severity],
        "severity": campaign.severity.capitalize(),
        "confidence_id": confidence,
        "confidence": confidence_name,
        "confidence_score": round(100 / (1 + 2.0 ** -max(-60.0, min(60.0, campaign.bits)))),
        "status_id": status,
        "status": status_name,
        "is_alert": not campaign.dismissed,
        "count": campaign.requests,
        "message": _message(campaign),
        "metadata": {"version": VERSION, "product": _PRODUCT},
        "finding_info": _information(campaign),
        "evidences": [_evidence(evidence, campaign) for evidence in campaign.evidence],
        "resources": [_resource(account) for account in campaign.accounts[:MOST_ACCOUNTS]],
        "unmapped": _unmapped(campaign),
    }


_PRODUCT = {"name": "stillwatch", "vendor_name": "stillwatch", "version": __version__}
_ANALYTIC = {
    "uid": "stillwatch.scan",
    "name": "Campaigns of model distillation",
    "type_id": 3,
    "type": "Statistical",
    "version": __version__,
}


def _stage(campaign: Campaign) -> tuple[tuple[int, str], tuple[int, str]]:
    """What happened to the finding, and how it stands."""
    if campaign.dismissed:
        return _CLOSE, _SUPPRESSED
    return (_UPDATE, _IN_PROGRESS) if campaign.review else (_CREATE, _NEW)


def _message(campaign: Campaign) -> str:
    families = ", ".join(label(family) for family in campaign.families)
    made = f"{count(len(campaign.accounts), 'account')} made {count(campaign.requests, 'request')}"
    return f"Campaign {campaign.id}: {made} together, by {families}; {campaign.bits:.1f} bits."


def _information(campaign: Campaign) -> dict[str, Any]:
    reviewed = {"modified_time": _milliseconds(campaign.review.at)} if campaign.review else {}
    return {
        "uid": campaign.id,
        "title": f"Campaign of model distillation: {count(len(campaign.accounts), 'account')}",
        "desc": " ".join(evidence.says for evidence in campaign.evidence if evidence.bits > 0),
        "types": ["Model distillation"],
        "analytic": _ANALYTIC,
        "attacks": [_attack(uid) for uid in dict.fromkeys(e.technique for e in campaign.evidence if e.bits > 0)],
        "created_time": _milliseconds(campaign.crossed_at),
        "first_seen_time": _milliseconds(campaign.first_seen),
        "last_seen_time": _milliseconds(campaign.last_seen),
        **reviewed,
    }


def _attack(uid: str) -> dict[str, Any]:
    """A technique of MITRE ATLAS; a sub-technique with what it is part of, where that has a name here."""
    parent = ".".join(uid.split(".")[:2])
    named: dict[str, Any] = {"version": ATLAS}
    if parent in TECHNIQUES or parent == uid:
        named["technique"] = {"uid": parent, "name": TECHNIQUES.get(parent, parent)}
    if parent != uid:
        named["sub_technique"] = {"uid": uid, "name": TECHNIQUES.get(uid, uid)}
    return named


def _evidence(evidence: Evidence, campaign: Campaign) -> dict[str, Any]:
    verdict, verdict_name = _VERDICTS[campaign.review.verdict if campaign.review else "unsure"]
    return {
        "name": f"{label(evidence.family)}: {label(evidence.name)}",
        "data": evidence.model_dump(),
        "verdict_id": verdict,
        "verdict": verdict_name,
    }


def _resource(account: Account) -> dict[str, Any]:
    return {"uid": account.account_id, "type": "account", "data": {"bits": account.bits, "requests": account.requests}}


def _unmapped(campaign: Campaign) -> dict[str, Any]:
    names = ("bits", "prior", "requests_before_crossing", "usage_input_tokens", "usage_output_tokens")
    lists = {"families": list(campaign.families), "indicators": list(campaign.indicators)}
    return {name: getattr(campaign, name) for name in names} | {"accounts": len(campaign.accounts)} | lists


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
