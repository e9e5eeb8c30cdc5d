"""Profiles written down plainly, with sets and counters, to hold the kernels to. Signatures are taken as they are."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from stillwatch.profiles.fold import KNOWN, SHORT
from stillwatch.signatures.kernel import sign

PRIME, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def mix(x):
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & MASK
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return x ^ x >> 33


def hashed(text, known=None):
    octets = (text or "").encode()
    h = len(octets) * PRIME & MASK
    octets, whole = octets[:known], len(octets[:known]) // 8 * 8
    steps = [int.from_bytes(octets[i : i + 8], "little") for i in range(0, whole, 8)] + list(octets[whole:])
    for step in steps:
        h = (h ^ step) * PRIME & MASK
        h ^= h >> 29
    return mix(h) | 1 if octets else 0


def signature(text):
    signed = sign(pa.array([text or ""], pa.string()))
    return signed.shingles.tolist(), signed.words.tolist()


def style(row):
    temperature, length = row["request_temperature"], row["request_max_tokens"]
    at = -1.0 if temperature is None else max(-1.0, temperature)  # none is below zero
    if at < 0 and length is None:
        return 1
    code = (round(at * 100) + 1000) * 1_000_003 + (-1 if length is None else length)
    return (code % 2**64 * PRIME % 2**64) >> 32 | 2


class Account:
    def __init__(self):
        self.sums = Counter()
        self.words, self.styles = Counter(), Counter()
        self.times, self.hours = [], set()
        self.shared, self.asked, self.told = set(), set(), set()
        self.addresses, self.organizations = set(), set()

    def add(self, row):
        messages = row["input_messages"] or []
        microseconds = (row["time"] - EPOCH) // timedelta(microseconds=1)
        self.sums["requests"] += 1
        self.sums["failed"] += (row["response_status"] or 0) >= 400
        self.sums["single"] += len(messages) <= 1
        self.sums["input_tokens"] += max(0, row["usage_input_tokens"] or 0)
        self.sums["output_tokens"] += max(0, row["usage_output_tokens"] or 0)
        self.times.append(microseconds)
        self.hours.add(microseconds // 3_600_000_000 % 768)
        self.styles[style(row)] += 1
        for column, values in (("reasoning_received", self.asked), ("reasoning_presented", self.told)):
            values.update(hashed(block, 1 << 30) >> 32 for block in (row.get(column) or "").split())
        for column, values in (("client_address", self.addresses), ("organization_id", self.organizations)):
            if row[column]:
                values.add(hashed(row[column]) >> 32)
        self.add_texts(messages, row["system_instructions"], hashed(row["request_id"]))

    def add_texts(self, messages, system, request):
        users = [i for i, message in enumerate(messages) if message["role"] == "user"]
        last = users[-1] if users else len(messages) - 1
        for i in users:
            content = messages[i]["content"] or ""
            if len(content.encode()) >= SHORT:
                (self.asked if i == last else self.told).add(hashed(content, KNOWN) >> 32)
        shingles, words = signature(messages[last]["content"] if messages else None)
        self.words.update(words)
        ends = {i for i in range(len(shingles)) if i < 24 or i >= len(shingles) - 12}
        for shingle in [shingles[i] for i in ends] + signature(system)[0][:12]:
            self.shared.add(mix(request ^ (shingle * PRIME & MASK)) >> 32 << 32 | shingle)


def bottom(values, k, empty):
    return (sorted(values)[:k] + [empty] * k)[:k]


def fields(account):
    styles = bottom(account.styles, 4, 2**32 - 1)
    hours = np.zeros(768, np.uint8)
    hours[list(account.hours)] = 1
    return dict(account.sums) | {
        "first": min(account.times),
        "last": max(account.times),
        "words": [min(65535, account.words[b]) for b in range(128)],
        "shared": bottom(account.shared, 32, 2**64 - 1),
        "asked": bottom(account.asked, 12, 2**32 - 1),
        "told": bottom(account.told, 12, 2**32 - 1),
        "hours": np.packbits(hours, bitorder="little").tolist(),
        "addresses": bottom(account.addresses, 4, 2**32 - 1),
        "styles": styles,
        "styled": [account.styles[s] for s in styles],
        "organization": min(account.organizations, default=2**32 - 1),
    }


def profiles(rows):
    """account id -> field -> value."""
    accounts = {}
    for row in rows:
        accounts.setdefault(row["account_id"], Account()).add(row)
    return {name: fields(account) for name, account in sorted(accounts.items())}
