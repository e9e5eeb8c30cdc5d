"""What a client is told, in the form that its library expects: a status, headers, a body.

    status, headers, body = answer(verdict, "openai", gate, now)

The body says why in words of a closed vocabulary, which decision it was and how to appeal; nothing about features or
thresholds. Headers: Retry-After (RFC 9110) and RateLimit (draft-ietf-httpapi-ratelimit-headers).
"""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from stillwatch.response.decide import HOUR, Verdict
from stillwatch.response.model import Rung
from stillwatch.response.policy import notices
from stillwatch.response.snapshot import Gate

Style = Literal["openai", "anthropic"]
Headers = dict[str, str]
Json = dict[str, object]

_LONGEST_WAIT = 24 * HOUR
_PLAIN = {
    Rung.WARN: "The use of this account is under review. Please see the terms of service.",
    Rung.CAP: "Some features are withheld from this account for now.",
    Rung.BUDGET: "The hourly limit is used up. Please try again later.",
    Rung.VERIFY: "Please verify who you are, to go on using this account.",
    Rung.HOLD: "The use of this account is on hold.",
}
_CODES = {Rung.VERIFY: "verification_required", Rung.HOLD: "account_on_hold", Rung.BUDGET: "rate_limit_exceeded"}
_UNJUDGED = "The request could not be judged. Please try again."


def style_of(path: str) -> Style:
    """Whose error bodies a client of this path reads."""
    return "anthropic" if path.rstrip("/").endswith("/messages") else "openai"


def answer(verdict: Verdict, style: Style, gate: Gate, now: float) -> tuple[int, Headers, bytes]:
    """What is answered in place of the model; `verdict.status` must not be 0."""
    kind, code = _kind(verdict)
    told = {
        "code": code,
        "reason": verdict.reason,
        "decision": verdict.decision,
        "until": _date(verdict.until),
        "appeal_url": appeal_url(verdict, gate),
        "verify_url": gate.verify_url if verdict.action == Rung.VERIFY else "",
    }
    message = notice(verdict, gate)
    if style == "openai":
        body: Json = {"error": {"message": message, "type": kind, "param": None} | _said(told)}
    else:
        details = {"error_code": code} | _said(told)
        error = {"type": kind, "message": message, "details": details}
        body = {"type": "error", "error": error, "request_id": None}
    return verdict.status, {"content-type": "application/json"} | headers(verdict, gate, now), msgspec.json.encode(body)


def headers(verdict: Verdict, gate: Gate, now: float) -> Headers:
    """What is added to an answer: of the model's too, where a measure is in force that lets the request pass."""
    if verdict.fault:
        return {"retry-after": "1"} if verdict.status else {}
    if verdict.simulated or verdict.action == Rung.OBSERVE:
        return {}
    out = {"stillwatch-decision": verdict.decision}
    if not verdict.status:
        out["stillwatch-notice"] = _one_line(notice(verdict, gate))
        if gate.terms_url and verdict.action == Rung.WARN:
            out["link"] = f'<{gate.terms_url}>; rel="terms-of-service"'
    if verdict.status:
        out["retry-after"] = str(min(verdict.retry_after, _LONGEST_WAIT))
    requests = verdict.limits.requests_per_hour
    if verdict.status == 429 and requests is not None:
        out["ratelimit-policy"] = f'"hourly";q={requests};w={HOUR}'
        out["ratelimit"] = f'"hourly";r=0;t={HOUR - int(now % HOUR)}'
    return out


def notice(verdict: Verdict, gate: Gate) -> str:
    """The text that the client sees: the policy's, else a plain sentence."""
    if verdict.fault:
        return _UNJUDGED
    said = notices.text(gate, verdict.action, decision=verdict.decision, until=verdict.until, reason=verdict.reason)
    return said or _PLAIN.get(verdict.action, "")


def appeal_url(verdict: Verdict, gate: Gate) -> str:
    """Where to turn to about this decision."""
    return f"{gate.appeal_url}{verdict.decision}" if gate.appeal_url else ""


def _kind(verdict: Verdict) -> tuple[str, str]:
    if verdict.fault:
        return "api_error", "unavailable"
    kind = "rate_limit_error" if verdict.status == 429 else "permission_error"
    return kind, _CODES.get(verdict.action, "rate_limit_exceeded")


def _said(told: dict[str, str]) -> Json:
    return {name: value for name, value in told.items() if value}


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""


def _one_line(text: str) -> str:
    return " ".join(text.split()).encode("ascii", "replace").decode()
