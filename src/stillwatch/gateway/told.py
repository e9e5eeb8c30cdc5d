"""What is told about a request that passes: headers for the model's side, metadata for Envoy's other filters.

Nothing is told of a simulated measure but `simulated` in the metadata, which the access log may show.
"""

from stillwatch.gateway.guarding import Heard
from stillwatch.response.decide import Verdict
from stillwatch.response.model import Limits, Rung

DECISION, ACTION, CAMPAIGN, STRIP = OWN = (
    "x-stillwatch-decision",
    "x-stillwatch-action",
    "x-stillwatch-campaign",
    "x-stillwatch-strip",
)  #: No client may say these: they are taken off every request.

_MOST_TOKENS = "max_tokens="


def upstream(heard: Heard, verdict: Verdict) -> dict[str, str]:
    """Headers that a request gets on its way to the model."""
    told = _measure(verdict)
    if verdict.capped:
        told[STRIP] = "cap" if (most := verdict.limits.max_tokens) is None else f"cap;{_MOST_TOKENS}{most}"
    elif heard.prompt.opted_out:
        told[STRIP] = "watermark"
    return told


def stripped(header: str) -> tuple[bool, Limits]:
    """What `STRIP` asks for: whether it is a cap, and with which limits."""
    kind, _, limit = header.partition(";")
    digits = limit.removeprefix(_MOST_TOKENS)
    return kind == "cap", Limits(max_tokens=int(digits) if digits.isdecimal() else None)


def metadata(verdict: Verdict) -> dict[str, object]:
    """Dynamic metadata, under `envoy.filters.http.ext_authz`.

    `total_limit` is what `RateLimit.Override.DynamicMetadata` reads
    (https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto) and with it
    `limit.fromMetadata` of Envoy Gateway's BackendTrafficPolicy; left out, the limit configured there holds.
    """
    if verdict.action == Rung.OBSERVE:
        return {}
    if verdict.simulated:
        return {"simulated": verdict.decision}
    told: dict[str, object] = {"decision": verdict.decision, "action": verdict.action.word}
    if verdict.campaign:
        told["campaign"] = verdict.campaign
    if verdict.action >= Rung.BUDGET and (tokens := verdict.limits.tokens_per_hour) is not None:
        told["total_limit"] = {"requests_per_unit": tokens, "unit": "HOUR"}
    return told


def _measure(verdict: Verdict) -> dict[str, str]:
    if verdict.simulated or verdict.action == Rung.OBSERVE:
        return {}
    told = {DECISION: verdict.decision, ACTION: verdict.action.word, CAMPAIGN: verdict.campaign}
    return {name: value for name, value in told.items() if value}
