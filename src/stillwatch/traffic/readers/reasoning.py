"""Blocks of reasoning in bodies: what a model gave to somebody, sealed, and what was handed back to it.

Anthropic signs a thinking block (`signature`) or encrypts it (`redacted_thinking`), OpenAI encrypts a reasoning item
(`encrypted_content`) or names it (`id`). Clients hand them back with the history. A block is the receiver's: whoever
presents one that another account received carries on that account's conversation. Only digests are kept.
"""

from collections.abc import Iterator
from hashlib import blake2b

from stillwatch.traffic.rows import Json, decoded, first

_SEALS = ("signature", "encrypted_content", "data", "id")  # what tells a block, the surest first
_KINDS = ("thinking", "redacted_thinking", "reasoning", "reasoning.encrypted", "reasoning.text")
_HOLDERS = ("messages", "input", "output", "content", "thinking_blocks", "reasoning_details", "choices", "message")
_LEAST = 8  # letters of a seal: an id such as "0" is everybody's
_DEEP = 6


def presented(body: Json) -> str | None:
    """Digests of the blocks that a request hands back, 16 hexadecimal digits each, spaces between; None for none."""
    return _digests(first(decoded(body), "messages", "input") if isinstance(decoded(body), dict) else decoded(body))


def received(body: Json) -> str | None:
    """Likewise of those that a response brings."""
    body = decoded(body)
    return _digests(body) if isinstance(body, (dict, list)) else None


def _digests(value: Json) -> str | None:
    seals = dict.fromkeys(_seals(value, _DEEP))
    return " ".join(blake2b(seal.encode(errors="replace"), digest_size=8).hexdigest() for seal in seals) or None


def _seals(value: Json, deep: int) -> Iterator[str]:
    if not deep:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _seals(entry, deep)
    elif isinstance(value, dict):
        if value.get("type") in _KINDS:
            seal = next((value[name] for name in _SEALS if isinstance(value.get(name), str)), "")
            if len(seal) >= _LEAST:
                yield seal
        else:
            for name in _HOLDERS:
                yield from _seals(value.get(name), deep - 1)
