"""Does a suspect choose as our key does?

    choices = gather(answers, catalogue)
    result = test("canaries", "suspect-7", choices, keys, least=200, needed=915, wrong_keys=300, seed=0, planted=None)

Each slot id counts once: the variant that stands there most often in all answers; where two do alike, it is left out.
That rule does not know the key. So for a model that never saw the key's choices the number of matches is
Binomial(M, 1/n), exactly and whatever the model (`matches`, where slots have several n): the key is random.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from stillwatch.forensics.canaries.catalogue import Catalogue
from stillwatch.forensics.canaries.choosing import choice
from stillwatch.forensics.canaries.finding import found
from stillwatch.forensics.canaries.matches import LN10, log10_tail, log_pmf
from stillwatch.forensics.model import Answer, Key, KeyResult, Null, TestResult
from stillwatch.forensics.radioactivity import null
from stillwatch.forensics.radioactivity.statistics import holm
from stillwatch.merkle import leaf_hash


@dataclass(frozen=True)
class Choices:
    """What a suspect chose.

    Attributes:
        slots: ids, each once, in the order of their bytes.
        chosen: (M,): which variant.
        variants: (M,): of how many.
        answers: how many were read.
        left_out: slots without a choice, by why.
    """

    slots: tuple[bytes, ...]
    chosen: npt.NDArray[np.int64]
    variants: npt.NDArray[np.int64]
    answers: int
    left_out: tuple[tuple[str, int], ...] = ()

    def shown(self, leaves: AbstractSet[bytes]) -> "Choices":
        """Those of slots that were planted (`records`). Which are does not depend on what the key chose there."""
        kept = [place for place, slot in enumerate(self.slots) if leaf_hash(slot) in leaves]
        left = (*self.left_out, ("never planted", len(self.slots) - len(kept)))
        slots = tuple(self.slots[place] for place in kept)
        return Choices(slots, self.chosen[kept], self.variants[kept], self.answers, left)

    def matches(self, key: int) -> int:
        """How many agree with a key."""
        drawn = (choice(key, slot, int(n)) for slot, n in zip(self.slots, self.variants, strict=True))
        return sum(int(is_ == of) for is_, of in zip(self.chosen, drawn, strict=True))


def gather(answers: Iterable[Answer], catalogue: Catalogue) -> Choices:
    """Reads answers; memory grows with the number of slots, not of answers."""
    counts: dict[bytes, list[int]] = {}
    read = 0
    for answer in answers:
        read += 1
        for each in found(answer.text, answer.prompt, catalogue):
            counts.setdefault(each.id, [0] * each.slot.n)[each.variant] += 1
    clear = [(slot, seen) for slot, seen in sorted(counts.items()) if seen.count(max(seen)) == 1]
    chosen = np.array([seen.index(max(seen)) for _, seen in clear], np.int64)
    variants = np.array([len(seen) for _, seen in clear], np.int64)
    left_out = (("several variants alike", len(counts) - len(clear)),)
    return Choices(tuple(slot for slot, _ in clear), chosen, variants, read, left_out)


def test(  # noqa: PLR0913 — what a plan fixes
    name: str,
    subject: str,
    choices: Choices,
    keys: Sequence[Key],
    *,
    least: int,
    needed: int,
    wrong_keys: int,
    seed: int,
    planted: Mapping[str, AbstractSet[bytes]] | None,
) -> TestResult:
    """Compares a suspect's choices with those of each key.

    Args:
        name: of the test in the plan.
        subject: who is tested.
        choices: what was gathered of its answers.
        keys: all that are tested; they share the error rate (Holm 1979).
        least: choices below which there is no result.
        needed: how many the plan asks for (`planning.needed`), to be told.
        wrong_keys: random keys that nobody used, for comparison.
        seed: that they are drawn with.
        planted: by key id, the leaf hashes of what was planted with it (`records.read`); other slots are not compared
            with that key. None: all are.
    """
    compared = [choices if planted is None else choices.shown(planted.get(key.id, frozenset())) for key in keys]
    most = max(compared, key=lambda each: len(each.slots), default=choices)
    n = len(most.slots)
    problem = _too_few(n, most, least, needed)
    results = () if problem else _results(compared, keys)
    wrong = null.NONE if problem else _wrong(most, keys, wrong_keys, seed)
    return TestResult(name, "canaries", subject, "", "slot", n, needed, results, wrong, most.left_out, problem)


def _too_few(n: int, choices: Choices, least: int, needed: int) -> str:
    if n >= max(least, 1):
        return ""
    more = f" For the power that was planned {needed:,} are needed." if needed > least else ""
    return f"{choices.answers:,} answers hold {n:,} choices; the plan asks for {least:,}.{more}"


def _results(compared: Sequence[Choices], keys: Sequence[Key]) -> tuple[KeyResult, ...]:
    totals = [choices.matches(key.value) for choices, key in zip(compared, keys, strict=True)]
    log10_ps = [log10_tail(choices.variants, total) for choices, total in zip(compared, totals, strict=True)]
    return tuple(
        KeyResult(
            key.id, key.campaign, len(each.slots), float(total), float((1 / each.variants).sum()), log10_p, adjusted
        )
        for key, each, total, log10_p, adjusted in zip(keys, compared, totals, log10_ps, holm(log10_ps), strict=True)
    )


def _wrong(choices: Choices, keys: Sequence[Key], wrong_keys: int, seed: int) -> Null:
    """Keys that nobody used. Matches are whole numbers: p is spread evenly over its step, so that it is uniform."""
    law = log_pmf(choices.variants)

    def log10_p(key: int) -> float:
        matches = choices.matches(key)
        here = law[matches] + np.log(np.random.default_rng([key, seed]).random())
        return float(logsumexp([*law[matches + 1 :], here])) / LN10

    return null.of_wrong_keys(log10_p, count=wrong_keys, seed=seed, used={key.value for key in keys})
