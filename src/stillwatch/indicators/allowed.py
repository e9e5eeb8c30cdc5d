"""What may be in an object that members tell each other: an allow-list, and everything else is refused.

    problems = check(obj)         # [] where the object may be said
    applies(obj)                  # an object of ours: the list holds for it wherever it goes

The antitrust rules as code. There is no property that could carry a price, a customer, capacity or a plan: counts are
orders of magnitude, times are days, names are numbers, and what can be free text is short and read for words that
counsel should see (`vocabulary`, `lexicon`). No object asks anybody to act against somebody: there is one course
of action, a review of one's own. And no signature points at one account: words need 25 accounts behind them, shared
means two.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast

from stillwatch.indicators import extensions, patterns, timestamps, vocabulary
from stillwatch.indicators.extensions import LEAST_ACCOUNTS, Signature, Verdict
from stillwatch.indicators.markings import Level, level
from stillwatch.indicators.published import PUBLISHED

MOST_PROBLEMS = 10
DAY = 86_400_000_000  # microseconds

#: Days that a signature may be valid, by kind (`stix`: an ordinary pattern of addresses). Exits of proxies are rented
#: by the month; templates live longest.
LIFETIME: Mapping[str, int] = {
    "stix": 30,
    "cadence": 60,
    "account-network": 60,
    "prompt-template": 90,
    "vocabulary": 90,
}

_ADDRESS = r"\[ipv[46]-addr:value (?:=|ISSUBSET) '[0-9a-f.:/]{2,49}'\]"
_ADDRESSES = re.compile(rf"{_ADDRESS}(?: OR {_ADDRESS}){{0,99}}")


_ABOUT_WORDS = frozenset({"prompt-template", "vocabulary"})


def check(obj: Mapping[str, Any]) -> list[str]:
    """Tell why an object may not be said, at most ten reasons.

    Args:
        obj: an object without structural problems (`incoming.check`).

    Returns:
        One short sentence a reason; it names a property and says nothing of its content.
    """
    return list(islice(_problems(obj), MOST_PROBLEMS))


def applies(obj: Mapping[str, Any]) -> bool:
    """Whether an object carries our extensions, so that the list holds for it in whatever collection it stands.

    A pattern type alone is no such mark: others may use the same word, and a root without an allow-list is theirs, too.
    """
    carried = obj.get("extensions")
    return isinstance(carried, dict) and not carried.keys().isdisjoint(extensions.ALL)


def _problems(obj: Mapping[str, Any]) -> Iterator[str]:
    if obj["id"] in PUBLISHED:
        if obj != PUBLISHED[obj["id"]]:
            yield "id: of an object that comes with the software, but the object is another"
        return
    if obj["type"] == "model-api-activity":
        yield from _activity(obj)
        return
    own = vocabulary.PROPERTIES.get(obj["type"])
    if own is None:
        yield "type: none that is said here"
        return
    for name, value in obj.items():
        rule = own.get(name) or vocabulary.COMMON.get(name)
        if rule is None:
            yield f"{ascii(name)[1:-1][:80]}: not on the allow-list"
        elif not rule(value):
            yield f"{name}: holds what may not be said there"
    yield from _extension(obj)


_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "indicator": (extensions.SIGNATURE,),
    "sighting": (extensions.FEEDBACK,),
    "note": (extensions.RETRACTION, extensions.VERDICT),
}


def _extension(obj: Mapping[str, Any]) -> Iterator[str]:
    wanted = _EXTENSIONS.get(obj["type"], ())
    carried = obj.get("extensions", {})
    if any(each not in wanted for each in carried) or len(carried) > 1:
        yield "extensions: of another type of object"
        return
    try:
        content = next((extensions.content(obj, each) for each in carried), None)
    except ValueError as problem:
        yield f"extensions: {problem}"
        return
    if obj["type"] == "indicator":
        yield from _indicator(obj, cast("Signature | None", content))
    elif isinstance(content, Verdict) and obj.get("content") != vocabulary.verdict(content.grade):
        yield "content: other words than those of the verdict's grade"


def _indicator(obj: Mapping[str, Any], signature: Signature | None) -> Iterator[str]:
    ours = obj.get("pattern_type") == patterns.PATTERN_TYPE
    if ours and signature is None:
        yield "extensions: a signature without its extension"
        return
    kind = signature.signature_kind if signature else "stix"
    if "valid_until" not in obj or "confidence" not in obj:
        yield "valid_until, confidence: both are needed"
    elif timestamps.parse(obj["valid_until"]) - timestamps.parse(obj["valid_from"]) > (LIFETIME[kind] + 1) * DAY:
        yield f"valid_until: more than {LIFETIME[kind]} days after valid_from"
    if signature is not None and ours:
        yield from _signature(obj, patterns.parse(obj["pattern"]), signature)
    else:
        yield from _addresses(obj, signature)


def _addresses(obj: Mapping[str, Any], signature: Signature | None) -> Iterator[str]:
    if signature is not None or not _ADDRESSES.fullmatch(obj["pattern"]):
        yield "pattern: other than addresses of proxies"
    if level(obj) < Level.GREEN:
        yield "object_marking_refs: addresses are GREEN or narrower"


def _signature(obj: Mapping[str, Any], pattern: patterns.Pattern, signature: Signature) -> Iterator[str]:
    if isinstance(pattern, patterns.Never):
        if not obj.get("revoked"):
            yield "pattern: matches nothing, though it is not withdrawn"
        return
    if pattern.kind != signature.signature_kind:
        yield "signature_kind: of another kind than the pattern"
    if pattern.kind in _ABOUT_WORDS:
        yield from _crowd(signature)


def _crowd(signature: Signature) -> Iterator[str]:
    few = signature.evidence.accounts_bucket == "1-9"
    if few or signature.privacy.least_accounts < LEAST_ACCOUNTS:
        yield f"least_accounts: words of fewer than {LEAST_ACCOUNTS} accounts"
    if signature.privacy.review != "two-person":
        yield "review: words that two people have not looked at"


def _activity(obj: Mapping[str, Any]) -> Iterator[str]:
    try:
        extensions.read(extensions.Activity, dict(obj))
    except ValueError as problem:
        yield str(problem)
