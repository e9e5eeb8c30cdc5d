# ruff: noqa: E501, PLR0917  sentences and tables read better on one line
"""Three campaigns written by hand, as a scan of a month of a mid-sized provider might find them."""

import hashlib
import math
from datetime import UTC, datetime, timedelta

from stillwatch.campaigns.findings import (
    Campaign,
    Evidence,
    Findings,
    Hour,
    Inputs,
    Link,
    Lookalike,
    Member,
    TextPart,
)

START = datetime(2026, 9, 1, tzinfo=UTC)
END = datetime(2026, 9, 30, 23, 59, tzinfo=UTC)


def token(kind, number):
    """A pseudonym as a scan shows it."""
    return f"{kind}-{hashlib.sha256(f'{kind}{number}'.encode()).hexdigest()[:12]}"


def wave(number):
    """A number in [0, 1) that looks drawn by chance and never changes."""
    return (math.sin(number * 12.9898) * 43758.5453) % 1


def members(kind, size, requests, first, last, bits):
    """Accounts whose requests fall off from the first to the last."""
    weights = [0.25 + wave(i) / (1 + 3 * i / size) for i in range(size)]
    scale = requests / sum(weights)
    counts = [max(1, round(weight * scale)) for weight in weights]
    counts[0] += requests - sum(counts)
    width = (last - first) / 6
    return tuple(
        Member(
            account_id=token(kind, i),
            bits=bits * (1 - 0.7 * i / size) + wave(i + 500),
            requests=counts[i],
            first_seen=first + width * wave(i + 900) * (i > 0),
            last_seen=last - width * wave(i + 1300) * (i > 1),
        )
        for i in range(size)
    )


def hours(first, last, requests, shape):
    """Requests by hour that follow `shape(fraction of the span, hour)` and add up to `requests`."""
    begin = first.replace(minute=0, second=0, microsecond=0)
    times = [begin + timedelta(hours=i) for i in range(int((last - begin).total_seconds() // 3600) + 1)]
    weights = [max(0.0, shape(i / len(times), time) * (0.6 + 0.8 * wave(i))) for i, time in enumerate(times)]
    counts = [round(weight * requests / sum(weights)) for weight in weights]
    counts[counts.index(max(counts))] += requests - sum(counts)
    return tuple(busy(time, number) for time, number in zip(times, counts, strict=True) if number)


def busy(time, requests):
    """An hour in which one request of fifty was throttled, and each of the others was under way for eight seconds."""
    throttled = requests // 50
    answered = requests - throttled
    return Hour(time, requests, requests, throttled, 600 * answered, requests, 8.0 * answered)


def shared(accounts, family, name, sizes, start=0):
    """Things that runs of accounts have in common."""
    links = []
    for size in sizes:
        links.append(Link(family, name, tuple(m.account_id for m in accounts[start : start + size])))
        start = (start + size - 1) % max(1, len(accounts) - size)
    return tuple(links)


def pool():
    """A wrapped prompt over many accounts, bought and paid for together."""
    first, last = datetime(2026, 9, 4, 22, 12, tzinfo=UTC), datetime(2026, 9, 27, 5, 40, tzinfo=UTC)
    accounts = members("acct", 212, 48_210, first, last, 9.0)
    evidence = (
        Evidence(
            "text",
            "rare shared text",
            12.0,
            208,
            1.3,
            "AML.T0065",
            "208 of 212 accounts send the same rare wrapper around changing content; by chance 1.3 would.",
        ),
        Evidence(
            "sign_up",
            "payment",
            11.42,
            31,
            212,
            "AML.T0021",
            "The 212 accounts pay with 31 cards; unrelated accounts of this provider hardly ever share one.",
        ),
        Evidence(
            "content",
            "coverage of one list",
            8.817,
            0.004,
            0.19,
            "AML.T0024.002",
            "Hardly any item is asked twice across the accounts: they work through one list together.",
        ),
        Evidence(
            "time",
            "hand-over",
            6.25,
            44,
            3.1,
            "AML.T0040",
            "44 accounts fell silent within the hour in which another of them started.",
        ),
        Evidence(
            "client",
            "same client",
            1.134,
            0.97,
            0.41,
            "AML.T0040",
            "97 % use one version of one client library; so do 41 % of everybody else.",
        ),
        Evidence(
            "time",
            "day and night",
            -1.6,
            0.62,
            0.55,
            "AML.T0040",
            "They rest at night about as much as people do, which speaks against a machine that never stops.",
        ),
    )
    prior = -10.0
    return Campaign(
        id="c-3f9a1b72",
        bits=prior + sum(e.bits for e in evidence),
        prior=prior,
        severity="critical",
        families=("text", "sign_up", "content", "time", "client"),
        first_seen=first,
        crossed_at=datetime(2026, 9, 5, 13, 0, tzinfo=UTC),
        last_seen=last,
        requests=48_210,
        requests_before_crossing=1_022,
        usage_input_tokens=21_400_000,
        usage_output_tokens=63_800_000,
        accounts=accounts,
        evidence=evidence,
        lookalikes_considered=(
            Lookalike("evaluation", False, "No item is a known public test, and hardly any is asked twice."),
            Lookalike("popular-agent", False, "No account outside this group sends the wrapper."),
            Lookalike("one-company", False, "31 payment cards and 74 mail domains; a company has one or two."),
            Lookalike("classroom", False, "It lasts 22 days, not an afternoon."),
        ),
        timeline=hours(first, last, 48_210, lambda f, t: (0.08 + f * 1.6 if f < 0.4 else 0.8) + 0.25 * math.sin(t.hour)),
        links=shared(accounts, "sign_up", "payment", [14, 11, 9, 8, 8, 7, 7, 6, 6, 5, 5, 4])
        + shared(accounts, "sign_up", "mail domain", [26, 19, 12, 8], 10)
        + shared(accounts, "time", "hand-over", [3, 2, 2, 2, 2], 30)
        + shared(accounts, "text", "wrapper", [96]),
        shared_text=(
            (
                TextPart("You are a senior analyst. Work through the task below completely and show each step of your reasoning "
                         "between <steps> and </steps> before you answer.\n\nTask no. ", False),
                TextPart("48213", True),
                TextPart(":\n", False),
                TextPart("A cold store loses 3 degrees in the first hour …", True),
                TextPart("\n\nReturn one JSON object with the keys steps, answer and confidence. Leave nothing out.", False),
            ),
            (
                TextPart("Rate the following solution against the rubric, criterion by criterion, and justify every mark:\n", False),
                TextPart("", True),
            ),
        ),
    )  # fmt: skip


def four_each():
    """Four requests an account: only the group as a whole stands out."""
    first, last = datetime(2026, 9, 12, 6, 3, tzinfo=UTC), datetime(2026, 9, 19, 21, 15, tzinfo=UTC)
    accounts = members("low", 640, 2_611, first, last, 4.0)
    evidence = (
        Evidence(
            "content",
            "coverage of one list",
            9.301,
            0.011,
            0.17,
            "AML.T0024.002",
            "The 640 accounts together ask for 98.9 % distinct items of one narrow subject.",
        ),
        Evidence(
            "sign_up",
            "burst of sign-ups",
            7.744,
            604,
            12.5,
            "AML.T0021",
            "604 of the accounts were opened within two days; 12.5 would be usual.",
        ),
        Evidence(
            "protocol",
            "conversation continued elsewhere",
            2.5,
            9,
            0.2,
            "AML.T0008.005",
            "9 conversations begin under one account and go on under another.",
        ),
        Evidence(
            "text",
            "rare shared text",
            -0.8,
            0,
            0.6,
            "AML.T0065",
            "No wrapper is shared, though groups of this kind often have one.",
        ),
    )
    prior = -10.0
    return Campaign(
        id="c-b07e55d1",
        bits=prior + sum(e.bits for e in evidence),
        prior=prior,
        severity="high",
        families=("content", "sign_up", "protocol"),
        first_seen=first,
        crossed_at=datetime(2026, 9, 14, 2, 0, tzinfo=UTC),
        last_seen=last,
        requests=2_611,
        requests_before_crossing=493,
        usage_input_tokens=804_000,
        usage_output_tokens=3_110_000,
        accounts=accounts,
        evidence=evidence,
        lookalikes_considered=(
            Lookalike("classroom", False, "The accounts share no address and no hour."),
            Lookalike("viral-prompt", False, "Interest does not fade over the days, as it does with something that went round."),
        ),
        timeline=hours(first, last, 2_611, lambda f, _t: 1.0 if 0.1 < f < 0.95 else 0.4),
        links=shared(accounts, "sign_up", "mail domain", [210, 150, 88, 31])
        + shared(accounts, "sign_up", "address", [40, 22, 12, 9], 100)
        + shared(accounts, "protocol", "conversation", [2, 2, 3, 2, 2], 7),
        shared_text=(),
    )  # fmt: skip


def team():
    """A small group that a look-alike explains in part."""
    first, last = datetime(2026, 9, 2, 8, 30, tzinfo=UTC), datetime(2026, 9, 29, 17, 5, tzinfo=UTC)
    accounts = members("key", 7, 9_042, first, last, 5.0)
    evidence = (
        Evidence(
            "time",
            "load balancing",
            8.2,
            -0.61,
            -0.02,
            "AML.T0008.005",
            "When one account meets its limit another takes over within a minute.",
        ),
        Evidence(
            "text",
            "rare shared text",
            7.9,
            7,
            0.1,
            "AML.T0065",
            "All 7 accounts send one rare instruction to write out the reasoning in full.",
        ),
        Evidence(
            "sign_up",
            "same organisation",
            -2.4,
            4,
            1.2,
            "AML.T0021",
            "4 of the 7 accounts belong to one organisation, as the keys of one team would.",
        ),
    )
    prior = -10.0
    return Campaign(
        id="c-91c4e0aa",
        bits=prior + sum(e.bits for e in evidence),
        prior=prior,
        severity="medium",
        families=("time", "text"),
        first_seen=first,
        crossed_at=datetime(2026, 9, 11, 16, 0, tzinfo=UTC),
        last_seen=last,
        requests=9_042,
        requests_before_crossing=3_015,
        usage_input_tokens=7_730_000,
        usage_output_tokens=5_020_000,
        accounts=accounts,
        evidence=evidence,
        lookalikes_considered=(
            Lookalike("team-keys", True, "Some of the accounts look like several keys of one team; counted against it."),
        ),
        timeline=hours(first, last, 9_042, lambda _f, t: 1.0 if 7 <= t.hour <= 18 and t.weekday() < 5 else 0.03),
        links=shared(accounts, "sign_up", "organisation", [4])
        + shared(accounts, "time", "failover", [3, 2, 2])
        + shared(accounts, "text", "instruction", [7]),
        shared_text=(
            (
                TextPart("Answer as usual, then repeat your whole line of thought from the first token, inside <trace>: ", False),
                TextPart("…", True),
            ),
        ),
    )  # fmt: skip


def findings():
    """What the scan returns."""
    notes = (
        "Some requests carry no conversation id: conversations that change accounts were looked for in the rest only.",
    )
    inputs = Inputs(files=30, requests=412_903, accounts=18_204, rejected=17, sign_up=True, notes=notes)
    return Findings(start=START, end=END, campaigns=(pool(), four_each(), team()), inputs=inputs)


def quiet():
    """A scan that finds nothing, without an accounts table."""
    note = "No accounts table was given: nothing is known of sign-ups and payment, so that evidence is absent."
    return Findings(
        START, END, (), Inputs(files=1, requests=88_412, accounts=5_120, rejected=0, sign_up=False, notes=(note,))
    )
