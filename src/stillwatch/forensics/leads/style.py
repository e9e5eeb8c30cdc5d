"""Whose texts do a suspect's resemble? A lead, never more.

    lead(ours, suspect, controls, names=("Aurora",))        # Lead, or None where there is too little to compare

Texts become weights of their character 2- to 4-grams (tf-idf); a text is taken for the model whose mean text is nearest
(cosine). The suspect's share of texts that are taken for ours is held against the same share of every control, each
held out in turn: a model that the others were not compared with, as the suspect is. A control shows as much if the
upper end of its share's 95 % interval reaches the suspect's: a difference that chance explains is none. What models
call themselves is masked, so that this lead and `identity` say two things.

Published accuracies (97 % among five models, Sun et al. 2025, arXiv 2502.12150; 60 % within one family) are of closed
sets: of a model outside the set they say nothing, which is why the figure that counts here is that of held-out models.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from stillwatch.forensics.facts import Lead
from stillwatch.forensics.model import Answer
from stillwatch.forensics.radioactivity.statistics import clopper_pearson

NAME = "style"
MOST = 200  # texts of a model
LEAST = 20
LEAST_CONTROLS = 2  # with one, nothing is left to compare it with when it is held out
_SHORTEST, _LONGEST = 200, 2000  # characters: less has no style; more adds time and nothing else
_BUCKETS = 1 << 15
_GRAMS = (2, 3, 4)
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio: Fibonacci hashing (Knuth, volume 3, 6.4)

Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Text:
    prompt: str
    text: str


def lead(
    ours: Iterable[Answer],
    suspect: Iterable[Answer],
    controls: Mapping[str, Iterable[Answer]],
    *,
    names: Sequence[str] = (),
) -> Lead | None:
    """How much a suspect's texts resemble ours, and how many unrelated models' do as much.

    Where all gave answers to the same prompts, only those are compared: else the subject would be taken for the style.

    Args:
        ours: answers of our model.
        suspect: answers of the suspect.
        controls: answers of models that have nothing to do with us, by name.
        names: of us and of our models, which are masked.

    Returns:
        The lead; None with fewer than LEAST texts of ours or of the suspect, or LEAST_CONTROLS controls with as many.
    """
    texts = _comparable([_sample(each, names) for each in (ours, suspect, *controls.values())])
    if min(map(len, texts[:2])) < LEAST:
        return None
    texts = texts[:2] + [each for each in texts[2:] if len(each) >= LEAST]
    if len(texts) < 2 + LEAST_CONTROLS:
        return None
    our, its, *others = _weights(texts)
    share = _nearest(its, our, others) / its.shape[0]
    nearest = [_nearest(each, our, others[:place] + others[place + 1 :]) for place, each in enumerate(others)]
    held_out = [near / each.shape[0] for near, each in zip(nearest, others, strict=True)]
    known = sum(_nearest(our[half::2], our[1 - half :: 2], others) for half in (0, 1)) / our.shape[0]
    as_much = [clopper_pearson(near, each.shape[0])[1] >= share for near, each in zip(nearest, others, strict=True)]
    says = (
        f"Of {its.shape[0]:,} of its texts, {share:.0%} are nearest to ours in style; of ours that were held back,"
        f" {known:.0%}; of {len(others)} unrelated models, each held out, {min(held_out):.0%} to {max(held_out):.0%}."
    )
    return Lead(NAME, says, sum(as_much) / len(others), len(others))


def _sample(answers: Iterable[Answer], names: Sequence[str]) -> list[_Text]:
    """The first texts that are long enough."""
    masked = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)", re.IGNORECASE)
    long = (each for each in answers if len(each.text) >= _SHORTEST)
    return [_Text(each.prompt_id, masked.sub("", each.text[:_LONGEST]).lower()) for each in islice(long, MOST)]


def _comparable(models: list[list[_Text]]) -> list[list[_Text]]:
    """Of models that were all asked by prompt, the answers to the prompts that all have answered."""
    asked = [{each.prompt for each in texts} for texts in models]
    if any("" in each for each in asked):
        return models
    common = set.intersection(*(each for each in asked if each))
    return [[each for each in texts if each.prompt in common] for texts in models]


def _weights(models: Sequence[Sequence[_Text]]) -> list[csr_array]:
    """Of each model the tf-idf of its texts, a row each, of length 1."""
    rows = [_grams(each.text) for texts in models for each in texts]
    seen = np.bincount(np.concatenate([buckets for buckets, _ in rows]), minlength=_BUCKETS)
    idf = np.log((1 + len(rows)) / (1 + seen)) + 1
    weighed = [np.log1p(counts) * idf[buckets] for buckets, counts in rows]
    content = np.concatenate([each / np.linalg.norm(each) for each in weighed])
    starts = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    matrix = csr_array((content, np.concatenate([buckets for buckets, _ in rows]), starts), (len(rows), _BUCKETS))
    ends = np.cumsum([0, *map(len, models)])
    return [matrix[start:end] for start, end in pairwise(ends)]


def _grams(text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which buckets the text's grams fall into, and how many into each."""
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    hashes = []
    for length in _GRAMS:
        mixed = np.full(len(letters) - length + 1, length, np.uint64)
        for place in range(length):
            mixed = (mixed + letters[place : len(letters) - length + 1 + place]) * _MIXER
        hashes.append((mixed >> np.uint64(64 - _BUCKETS.bit_length() + 1)).astype(np.int64))
    return np.unique(np.concatenate(hashes), return_counts=True)


def _nearest(texts: csr_array, ours: csr_array, others: Sequence[csr_array]) -> int:
    """How many texts are nearer to our mean than to any other's."""
    means = np.stack([_mean(each) for each in (ours, *others)])
    return int(np.count_nonzero(np.argmax(texts @ means.T, axis=1) == 0))


def _mean(texts: csr_array) -> Weights:
    mean: Weights = np.asarray(texts.mean(axis=0)).ravel()
    return mean / np.linalg.norm(mean)
