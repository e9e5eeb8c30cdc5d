"""Which of two rephrasings does a suspect prefer: the one that was published, or the one that was kept?

    pairs = read(Path("pairs.jsonl"))                       # pair_id, first, second: equally good, made alike
    shown = published(key.value, pair)                      # 0 or 1: publish that one, keep the other secret
    result = test("pairs", "suspect-7", pairs, likelihoods, keys, least=200, needed=944, wrong_keys=300, seed=0)

For documents and benchmarks that are open to everybody: no account, no decoder. Of each pair the key chose which one
was published. A model that never saw them may prefer the first or the second, but not what was chosen with a key that
it does not know: given how much it prefers either, the sign of the difference is a fair coin of ours. So the null is
exact for any model, however different the rephrasings are. (STAMP, Rastogi et al. 2025, arXiv:2504.13416, compares such
pairs by a t-test, which assumes more.)

Asking for the likelihood of a text that was kept shows it: an endpoint that is asked has seen both, so a pair serves
for one suspect. A suspect whose likelihoods lie as a file is asked nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.stats import rankdata

from stillwatch.errors import InputError
from stillwatch.forensics.canaries.choosing import choice, slot_id
from stillwatch.forensics.model import Key, KeyResult, Null, TestResult
from stillwatch.forensics.radioactivity import null
from stillwatch.forensics.radioactivity.statistics import holm
from stillwatch.forensics.suspects import transcript
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.forensics.suspects.endpoint import text_id

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Likelihoods = Mapping[str, tuple[float, float]]  # by pair: natural log of the probability of the first and the second

MOST = 8192  # pairs of a file: the exact law takes their number squared, and twice as many questions
LEVELS = 128  # of the signed ranks: whole numbers, so that their law can be computed

_TINY = 1e-290  # below, sums of doubles lose digits, and a bound is told instead

L = TypeVar("L", bound=msgspec.Struct)


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two rephrasings of one text.

    Attributes:
        pair_id: the same for ever.
        first, second: made alike, so that nothing but the key tells them apart.
        key: the id of the key that chose; "" where a test has one key.
    """

    pair_id: str
    first: str
    second: str
    key: str = ""


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    pair_id: str
    first: float
    second: float


def published(key: int, pair: Pair) -> int:
    """Which one a key publishes: 0 the first, 1 the second. A text that is changed is drawn for anew."""
    return choice(key, slot_id("rephrasing", (pair.pair_id, pair.first, pair.second)), 2)


def read(path: Path) -> tuple[Pair, ...]:
    """The pairs of a file, JSON lines of `pair_id`, `first`, `second` and, with several keys, `key`.

    Raises:
        InputError: it cannot be read, holds none or too many, or a line is no pair of two texts of its own.
    """
    pairs: dict[str, Pair] = {}
    texts: set[str] = set()
    for number, pair in _lines(path, Pair):
        own = {" ".join(pair.first.split()), " ".join(pair.second.split())}
        if not pair.pair_id or len(own) < 2 or "" in own:
            raise InputError(f"Line {number} has no id, or not two different texts.", where=str(path))
        if pair.pair_id in pairs or own & texts:
            raise InputError(f"Line {number} has the id or a text of a line before.", where=str(path))
        pairs[pair.pair_id] = pair
        texts |= own
    if not 0 < len(pairs) <= MOST:
        raise InputError(f"The file holds {len(pairs):,} pairs; there can be 1 to {MOST:,}.", where=str(path))
    return tuple(pairs.values())


def texts_of(pairs: Sequence[Pair]) -> list[str]:
    """All texts, as an endpoint is given them to read (`suspects.endpoint.read`)."""
    return [text for pair in pairs for text in (pair.first, pair.second)]


def told(path: Path) -> dict[str, tuple[float, float]]:
    """Likelihoods that lie as a file: JSON lines of `pair_id`, `first` and `second`, sums of natural logarithms.

    Raises:
        InputError: it cannot be read, a line is none, or a pair stands twice.
    """
    found: dict[str, tuple[float, float]] = {}
    for number, line in _lines(path, _Told):
        if line.pair_id in found:
            raise InputError(f"Line {number} has the id of a line before.", where=str(path))
        found[line.pair_id] = (line.first, line.second)
    return found


def heard(path: Path, pairs: Sequence[Pair], cleaning: Cleaning | None = None) -> dict[str, tuple[float, float]]:
    """Likelihoods from the raw bytes of a transcript; pairs of which one is missing are left out.

    Raises:
        InputError: it cannot be read, or a line is damaged.
    """
    by_text = dict(transcript.likelihoods(path, cleaning))
    both = {pair.pair_id: (by_text.get(text_id(pair.first)), by_text.get(text_id(pair.second))) for pair in pairs}
    return {name: (first, second) for name, (first, second) in both.items() if first is not None and second is not None}


def _lines(path: Path, kind: type[L]) -> Iterator[tuple[int, L]]:
    decoder = msgspec.json.Decoder(kind)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"The pairs cannot be read ({error.strerror}).", where=str(path)) from None
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                yield number, decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                hint = 'A line is such as {"pair_id": "p-1", "first": ..., "second": ...}.'
                raise InputError(f"Line {number} is no pair.", where=str(path), hint=hint) from None


@dataclass(frozen=True)
class SignedRanks:
    """Differences that are compared, and the exact law of the sum of the ranks of those that are above 0.

    The statistic is Wilcoxon's (1945), its ranks on `LEVELS` levels. The law is that of independent fair signs.

    Attributes:
        first_preferred: (n,): whether the suspect prefers the first of each pair.
        ranks: (n,): of how much it prefers either, 1 to `LEVELS`.
        pairs: which pairs.
        left_out: pairs without a difference, by why.
    """

    first_preferred: npt.NDArray[np.bool_]
    ranks: I64
    pairs: tuple[Pair, ...]
    left_out: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, pairs: Sequence[Pair], likelihoods: Likelihoods) -> "SignedRanks":
        """Compares each pair by the log-likelihoods per byte; which is published plays no part."""
        differences = np.array([_difference(pair, likelihoods.get(pair.pair_id)) for pair in pairs], float)
        missing, alike = np.isnan(differences), differences == 0
        kept = np.flatnonzero(~missing & ~alike)
        ranks = np.ceil(rankdata(np.abs(differences[kept])) * LEVELS / max(1, len(kept))).astype(np.int64)
        left_out = (("no likelihood", int(missing.sum())), ("alike", int(alike.sum())))
        return cls(differences[kept] > 0, ranks, tuple(pairs[int(place)] for place in kept), left_out)

    def total(self, key: int) -> float:
        """The sum of the ranks of pairs in which the suspect prefers what the key published."""
        first = np.array([published(key, pair) == 0 for pair in self.pairs], bool)
        return float(self.ranks[first == self.first_preferred].sum())

    @property
    def expected(self) -> float:
        """Of a model that never saw what was published."""
        return float(self.ranks.sum()) / 2

    def log10_tail(self, total: float) -> float:
        """log10 of the probability of this sum or a larger one; a bound from above where that is below 1e-290."""
        tail = float(self._tail[round(total)])
        return min(0.0, float(np.log10(tail))) if tail > _TINY else self._bound(total)

    @cached_property
    def _tail(self) -> F64:
        law = np.ones(1)
        for rank in self.ranks.tolist():
            longer = np.zeros(len(law) + rank)
            longer[: len(law)] = law
            longer[rank:] += law
            law = longer / 2
        return np.asarray(np.cumsum(law[::-1])[::-1], np.float64)

    def _bound(self, total: float) -> float:
        """Chernoff's: the probability is at most exp(-t (total - expected)) prod cosh(t rank / 2), for every t > 0."""

        def exponent(t: float) -> float:
            half = t * self.ranks / 2
            return float((np.logaddexp(half, -half) - np.log(2)).sum()) - t * (total - self.expected)

        return float(minimize_scalar(exponent, bounds=(0.0, 100.0), method="bounded").fun) / float(np.log(10))


def _difference(pair: Pair, likelihoods: tuple[float, float] | None) -> float:
    """How much more likely the first is, a byte: tokens of two texts, or two models, are no common measure."""
    if likelihoods is None or not all(map(isfinite, likelihoods)):
        return float("nan")
    first, second = (
        likelihood / len(text.encode("utf-8", "surrogatepass"))
        for likelihood, text in zip(likelihoods, (pair.first, pair.second), strict=True)
    )
    return first - second


def test(  # noqa: PLR0913 — what a plan fixes
    name: str,
    subject: str,
    pairs: Sequence[Pair],
    likelihoods: Likelihoods,
    keys: Sequence[Key],
    *,
    least: int,
    needed: int,
    wrong_keys: int,
    seed: int,
) -> TestResult:
    """Does a suspect prefer what was published?

    Args:
        name: of the test in the plan.
        subject: who is tested.
        pairs: all that are compared.
        likelihoods: of the suspect.
        keys: that chose; each is tested on the pairs that name it, the only one on all.
        least: pairs of each key below which there is no result.
        needed: how many the plan asks for (`canaries.planning.needed` for two variants), to be told.
        wrong_keys: random keys that nobody used, on all pairs, for comparison.
        seed: that they are drawn with.

    Raises:
        InputError: with several keys, a pair names none of them.
    """
    compared = [SignedRanks.of(own, likelihoods) for own in _by_key(pairs, keys)]
    everything = compared[0] if len(keys) == 1 else SignedRanks.of(pairs, likelihoods)
    n = min((len(each.pairs) for each in compared), default=0)
    problem = "" if n >= max(least, 1) else _too_few(n, least, needed)
    results = () if problem else _results(compared, keys)
    wrong = null.NONE if problem else _wrong(everything, keys, wrong_keys, seed)
    return TestResult(name, "rephrasings", subject, "", "pair", n, needed, results, wrong, everything.left_out, problem)


def _by_key(pairs: Sequence[Pair], keys: Sequence[Key]) -> list[list[Pair]]:
    if len(keys) == 1:
        return [list(pairs)]
    own: dict[str, list[Pair]] = {key.id: [] for key in keys}
    for pair in pairs:
        if pair.key not in own:
            raise InputError("With several keys each pair names the one that chose.", where=f"pair {pair.pair_id}")
        own[pair.key].append(pair)
    return list(own.values())


def _too_few(n: int, least: int, needed: int) -> str:
    more = f" For the power that was planned {needed:,} are needed." if needed > least else ""
    return f"{n:,} pairs of a key can be compared; the plan asks for {least:,}.{more}"


def _results(compared: Sequence[SignedRanks], keys: Sequence[Key]) -> tuple[KeyResult, ...]:
    totals = [each.total(key.value) for each, key in zip(compared, keys, strict=True)]
    log10_ps = [each.log10_tail(total) for each, total in zip(compared, totals, strict=True)]
    return tuple(
        KeyResult(key.id, key.campaign, len(each.pairs), total, each.expected, log10_p, adjusted)
        for key, each, total, log10_p, adjusted in zip(keys, compared, totals, log10_ps, holm(log10_ps), strict=True)
    )


def _wrong(compared: SignedRanks, keys: Sequence[Key], wrong_keys: int, seed: int) -> Null:
    used = {key.value for key in keys}
    return null.of_wrong_keys(
        lambda key: compared.log10_tail(compared.total(key)), count=wrong_keys, seed=seed, used=used
    )
