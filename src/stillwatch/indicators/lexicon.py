"""Words that competitors should not write to each other without counsel, and things that look like identifiers.

    hit("They pay half the list price.")      # "a price"
    hit("3 of 9 reviewed were benign.")       # None

A net with wide meshes: it reminds those who write of what has no place here, and no more. What keeps prices, customers,
capacity and plans out is that no property can hold them (`allowed`).
"""

import re
import unicodedata
from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    "a price": r"pric(?:e|es|ed|ing)|discounts?|rebates?|invoic\w+|fees?|revenues?|margins?|usd|eur|dollars?|euros?"
    r"|per token|per million|cheap\w*|contract value",
    "a customer": r"customers?|clients? of|subscribers?|purchasers?|buyers?|company|gmbh|ltd|inc|llc|corp",
    "capacity": r"capacit\w+|gpus?|h100s?|h200s?|b200s?|tpus?|clusters? of gpus|utili[sz]ation|throughput|datacent\w+",
    "a plan": r"roadmap|launch\w*|unreleased|upcoming|next model|next version|next release|release date|training run",
    "an order": r"bans?|banned|banning|block(?:s|ed|ing)?|suspend\w*|terminat\w+|blacklist\w*|blocklist\w*|boycott\w*"
    r"|refuse service|cut off|close the accounts?|all of us|should not serve|agree not to",
    "where somebody is from": r"countr(?:y|ies)|nationalit\w+|citizen\w*|ethnic\w*|mother tongue|native speakers?",
}
_LOOKS: Mapping[str, str] = {
    "a mail address": r"[^\s@]+@[^\s@]+\.[^\s@]+",
    "an address": r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}\b|https?:|www\.",
    "a price": r"[$€£¥]",
    "an identifier": r"\b(?=[a-z0-9_-]*\d)[a-z0-9_-]{12,}\b|\b\d{6,}\b",
}

_PATTERNS = tuple(
    [(what, re.compile(pattern)) for what, pattern in _LOOKS.items()]
    + [(what, re.compile(rf"\b(?:{words})\b")) for what, words in _WORDS.items()]
)
_OURS = re.compile(r"\bdc-\d{4}-\d{4}\b")


def hit(text: str) -> str | None:
    """Tell what a text seems to speak of that counsel should see first; None where it seems harmless."""
    folded = _OURS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return next((what for what, pattern in _PATTERNS if pattern.search(folded)), None)
