"""Choice canaries over simulated suspects: is the power what was planned, and the level what was promised?

    python bench/canaries.py [--suspects 1000] [--json | --markdown PAGE]

A suspect follows a key in a share of its choices, and its own habit in all others: mostly the first variant. The fixed
test asks for as many choices as `planning.needed` says; the sequential one looks after each, up to half as many again.
"""

import argparse
import time

import numpy as np
from tables import Table, add_options, publish

from stillwatch.forensics.canaries import testing
from stillwatch.forensics.canaries.catalogue import load
from stillwatch.forensics.canaries.choosing import choice, slot_id
from stillwatch.forensics.canaries.planning import match_rate, needed, power
from stillwatch.forensics.canaries.planting import plant
from stillwatch.forensics.canaries.sequential import audit
from stillwatch.forensics.model import Key

LOG10_ALPHA, POWER = -6.0, 0.9
PLANNED = ((2, 0.2), (2, 0.4), (3, 0.3), (4, 0.2), (4, 0.5), (8, 0.2))  # variants, share that follows
LEVELS = (0.05, 0.01, 0.001)
FAVOURITE = 0.9  # of a suspect's own choices, how many are its favourite


Random = np.random.Generator
Rows = list[tuple[float, ...]]


def suspect(random: Random, slots: int, n: int, key: int, share: float) -> testing.Choices:
    """A suspect's choices."""
    ids = sorted(slot_id("slot", (str(number),)) for number in range(slots))
    own = np.where(random.random(slots) < FAVOURITE, 0, random.integers(0, n, slots))
    keyed = np.array([choice(key, each, n) for each in ids])
    chosen = np.where(random.random(slots) < share, keyed, own)
    return testing.Choices(tuple(ids), chosen, np.full(slots, n), slots)


def log10_p(choices: testing.Choices, key: int) -> float:
    """Of the fixed test."""
    keys = [Key("k-000000000000", key)]
    result = testing.test("t", "s", choices, keys, least=1, needed=0, wrong_keys=0, seed=0, planted=None)
    return result.log10_p


def powers(random: Random, suspects: int) -> Rows:
    """How many of those who follow are found."""
    rows = []
    for n, share in PLANNED:
        rate = match_rate(n, share)
        slots = needed(n, rate, log10_alpha=LOG10_ALPHA, power=POWER)
        most, found, reached, looks = slots + slots // 2, 0, 0, []
        for _ in range(suspects):
            key = int(random.integers(0, 1 << 64, dtype=np.uint64))
            choices = suspect(random, slots, n, key, share)
            found += log10_p(choices, key) <= LOG10_ALPHA
            seen = audit(random.random(most) < rate, [n] * most, alpha=10**LOG10_ALPHA, most=most)
            reached += seen.reached
            looks.append(len(seen.looks))
        planned = power(n, rate, slots, LOG10_ALPHA)
        rows.append((n, share, rate, slots, planned, found / suspects, reached / suspects, int(np.median(looks))))
    return rows


def levels(random: Random, suspects: int) -> Rows:
    """How many of those who know no key are accused."""
    rows = []
    for n in (2, 4, 8):
        ps = []
        for _ in range(suspects):
            key = int(random.integers(0, 1 << 64, dtype=np.uint64))
            ps.append(log10_p(suspect(random, 300, n, key, 0.0), key))
        wrong = [sum(p <= np.log10(alpha) for p in ps) / suspects for alpha in LEVELS]
        peeked = [
            sum(audit(random.random(1000) < 1 / n, [n] * 1000, alpha=alpha, most=1000).reached for _ in range(suspects))
            / suspects
            for alpha in LEVELS
        ]
        rows.append((n, *wrong, *peeked))
    return rows


def speed() -> tuple[int, float]:
    """Milliseconds for planting an answer of some 1,000 words."""
    phrases = list(load(None).wordings)
    said = [f"Bees know the field, {phrase} they dance in the dark for all others." for phrase in phrases]
    text, catalogue = "\n\n".join(said[:40]) + "\n\n" + "Bees dance in the dark. " * 100, load(None)
    started = time.perf_counter()
    for key in range(20):
        plant(text, "Why do bees dance?", catalogue, key)
    return len(text.split()), (time.perf_counter() - started) / 20 * 1000


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--suspects", type=int, default=1000)
    add_options(options)
    given = options.parse_args()
    random = np.random.default_rng(0)
    found, wrong, (words, milliseconds) = powers(random, given.suspects), levels(random, given.suspects), speed()
    tables = [
        Table(
            f"Of {given.suspects:,} suspects that follow the key in a share of their choices, p < 1e-6",
            ("variants", "share", "match rate", "choices", "planned", "found", "sequential", "choices it took"),
            found,
        ),
        Table(
            f"Of {given.suspects:,} that know no key, accused: after 300 choices, and looking after each of 1,000",
            ("variants", *(f"at {alpha}" for alpha in LEVELS), *(f"looking, at {alpha}" for alpha in LEVELS)),
            wrong,
        ),
        Table("Planting an answer", ("words", "milliseconds"), [(words, milliseconds)]),
    ]
    figures = {"power": found, "level": wrong, "planting": {"words": words, "milliseconds": milliseconds}}
    publish(given, "canaries", tables, figures)


if __name__ == "__main__":
    main()
