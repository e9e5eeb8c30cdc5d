"""How an attack ends."""

from dataclasses import dataclass

import httpx2


@dataclass(frozen=True)
class Finding:
    """What came of one attack."""

    attack: str
    attempted: str
    stopped: str
    cost: str
    contained: bool


@dataclass(frozen=True)
class End:
    """What an attack gives back."""

    contained: bool
    stopped: str
    cost: str = "nothing"


def refusal(*responses: httpx2.Response) -> str:
    """Why requests were refused, each reason once."""
    reasons: dict[str, None] = {}
    for each in responses:
        body = each.json()
        listed = body.get("details", {}).get("refused", [])
        words = [one["reason"] for one in listed] or [body.get("description") or body.get("title", "")]
        reasons |= dict.fromkeys(f"{each.status_code}: {word}" for word in words)
    return "; ".join(reasons)


def refused(*responses: httpx2.Response) -> bool:
    """Whether all of them were, with an error of TAXII's form."""
    return all(
        400 <= each.status_code < 500 and each.json().get("http_status") == str(each.status_code) for each in responses
    )
