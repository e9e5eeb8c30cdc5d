"""What convicts the innocent. Each trap has a naive test that falls into it, on a student that never saw marked text.

The naive tests stand here and nowhere else: the package has no way to score raw counts, to choose by (window,
token), to test keys without adjusting for all of them, or to print a p of 0.
"""

import numpy as np
import pytest
from scipy import stats

from stillwatch.forensics.model import NO_TOKEN, Key, Reading, Tokens
from stillwatch.forensics.radioactivity import closed, reading
from stillwatch.forensics.radioactivity.statistics import binomial_interval
from stillwatch.forensics.rehearsal.experiment import SCHEME, drawn_keys, predicted
from stillwatch.forensics.rehearsal.sampling import answers, drawing
from stillwatch.forensics.rehearsal.teacher import LENGTH, Teacher, said, trained
from stillwatch.forensics.text.windows import gather, hashed, windows_of

WIDTH, GAMMA = SCHEME.width, SCHEME.gamma
INNOCENT = -3.0  # log10 p; a naive test that goes below this convicts
CONVICTED = -6.0

pytestmark = pytest.mark.slow  # a teacher and a student are made first


class Case:
    """A teacher, what it marked, and a student that was trained on its plain answers only."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.key, *self.others = drawn_keys(self.rng)
        self.teacher = Teacher.made(self.rng)
        self.marked = self.teacher.answers(800, self.rng, SCHEME, self.key)
        self.plain = self.teacher.answers(800, self.rng)
        self.innocent = trained(self.marked, self.plain, 0.0)
        self.said = tuple(said(self.innocent, self.teacher.openings(300, self.rng), self.rng))

    def ours(self, scorable, *, keys=None, wrong_keys=0, kind="closed", rule="pair"):
        keys = keys or (self.key,)
        fixed = {"kind": kind, "rule": rule, "least": 1000, "wrong_keys": wrong_keys, "seed": 1}
        return closed.test("trap", "innocent", scorable, SCHEME, keys, **fixed)


@pytest.fixture(scope="module")
def case():
    return Case(7)


def contexts(texts):
    """Every window of texts and the token after it, as often as it stands there."""
    windows = np.concatenate([windows_of(text[:-1], WIDTH) for text in texts])
    return windows, np.concatenate([text[WIDTH:] for text in texts])


def naive(windows, tokens, key):
    """log10 p by the usual formula, on whatever is counted."""
    green = SCHEME.scores(key, windows, tokens).sum()
    return stats.binom.logsf(green - 1, len(tokens), GAMMA) / np.log(10)


def once(windows, tokens):
    """Each pair of a window and a token once."""
    chosen = np.unique(hashed(np.column_stack([windows, tokens])), return_index=True)[1]
    return windows[chosen], tokens[chosen]


def wrong_keys(count):
    return [int(key) for key in np.random.default_rng(99).integers(1 << 64, size=count, dtype=np.uint64)]


def test_raw_counts_convict_under_keys_that_nobody_used(case):
    counted = contexts([each.text for each in case.said])
    convicted = sum(naive(*counted, key) < -5 for key in wrong_keys(200))
    assert convicted > 0.02 * 200, "at 1e-5, one in 100,000 is promised"
    for rule in ("window", "pair"):
        null = case.ours(gather(case.said, WIDTH, rule), wrong_keys=200, rule=rule).null
        assert null.share_01 * 200 <= binomial_interval(200, 0.01, 0.999)[1]


def test_a_text_that_repeats_itself_convicts_by_chance_and_ours_asks_for_more_text(case):
    """Low entropy: at temperature 0 a small model turns in circles."""
    greedy = answers(
        case.teacher.openings(20, case.rng),
        LENGTH,
        lambda openings, so_far: case.innocent.likeliest(np.concatenate([openings, so_far], axis=1)[:, -2:]),
    )
    counted = contexts(greedy)
    assert min(naive(*counted, key) for key in wrong_keys(100)) < CONVICTED
    result = case.ours(gather([Tokens(np.empty(0, np.int32), text) for text in greedy], WIDTH, "pair"))
    assert not result.keys
    assert "repeats itself" in result.problem


def test_choosing_pairs_that_were_seen_with_the_mark_convicts(case):
    """They are green because they were marked, whoever writes them; windows may be chosen so."""
    windows, tokens = once(*contexts([each.text for each in case.said]))
    seen, times = np.unique(hashed(np.column_stack(contexts(case.marked))), return_counts=True)
    chosen = among(hashed(np.column_stack([windows, tokens])), seen[times >= 3])
    assert naive(windows[chosen], tokens[chosen], case.key.value) < 10 * CONVICTED
    marked = np.unique(hashed(contexts(case.marked)[0]))
    result = case.ours(gather(case.said, WIDTH, "pair", only=lambda windows: among(hashed(windows), marked)))
    assert result.n > 10_000
    assert result.log10_p > INNOCENT


def among(names, known):
    at = np.minimum(np.searchsorted(known, names), len(known) - 1)
    return known[at] == names


def test_one_key_of_many_convicts_unless_all_are_counted(case):
    """One key is one draw: of six hundred campaigns, some key finds p < 0.01 in any text."""
    scorable = gather(case.said, WIDTH, "pair")
    keys = [Key(f"k-{at:012x}", value, f"c-{at}") for at, value in enumerate(wrong_keys(600))]
    result = case.ours(scorable, keys=keys)
    assert min(each.log10_p for each in result.keys) < -2
    assert result.log10_p > INNOCENT


def copying(case, share):
    """A student that goes on as what it has before its eyes went on, `share` of the time: as large models do."""
    plainly = drawing(case.innocent, case.rng)

    def following(openings, so_far):
        context = np.concatenate([openings, so_far], axis=1)
        copied = copies(context)
        use = (copied != NO_TOKEN) & (case.rng.random(len(context)) < share)
        return np.where(use, copied, plainly(openings, so_far))

    return following


def copies(context):
    """What followed the last two tokens when they last stood in each context; NO_TOKEN if they did not."""
    windows = np.lib.stride_tricks.sliding_window_view(context[:, :-1], 2, axis=1)
    same = (windows == context[:, None, -2:]).all(axis=2)
    last = same.shape[1] - 1 - same[:, ::-1].argmax(axis=1)
    return np.where(same.any(axis=1), context[np.arange(len(context)), np.minimum(last + 2, context.shape[1] - 1)], -1)


def test_windows_of_its_own_prompt_convict_who_quotes_it(case):
    prompts = case.marked[:200]
    texts = answers(prompts, LENGTH, copying(case, 0.9))
    counted = once(*contexts(texts))
    assert naive(*counted, case.key.value) < CONVICTED
    quoting = [Tokens(prompt, text) for prompt, text in zip(prompts, texts, strict=True)]
    result = case.ours(gather(quoting, WIDTH, "pair"))
    assert dict(result.left_out)["in the prompt"] > 1000
    assert result.log10_p > INNOCENT


def test_what_stands_in_the_context_convicts_who_copies_while_reading(case):
    texts = case.teacher.answers(400, case.rng, SCHEME, case.key).reshape(40, -1)
    readings = [Reading(text, reading_aloud(case.innocent, text)) for text in texts]
    windows = np.concatenate([windows_of(each.text[:-1], WIDTH) for each in readings])
    predictions = np.concatenate([each.predicted[WIDTH:] for each in readings])
    assert naive(*once(windows, predictions), case.key.value) < CONVICTED
    result = case.ours(reading.gather(readings, WIDTH, "pair"), kind="reading")
    assert dict(result.left_out)["in the context"] > 1000
    assert result.log10_p > INNOCENT


def reading_aloud(model, text):
    """What a model would write that copies whatever it can, and else does as it has learned."""
    found, last = predicted(model, text), {}
    for at in range(2, len(text)):
        found[at] = last.get((text[at - 2], text[at - 1]), found[at])
        last[text[at - 2], text[at - 1]] = text[at]
    return found


def test_p_below_the_least_double_is_no_zero(case):
    """All that is certain looks alike then: the campaign that fed most of a student, and one that fed a tenth."""
    student = trained(case.marked, case.plain, 1.0)
    counted = once(*contexts([each.text for each in said(student, case.teacher.openings(300, case.rng), case.rng)]))
    green = SCHEME.scores(case.key.value, *counted).sum()
    assert stats.binom.sf(green - 1, len(counted[1]), GAMMA) == 0.0
    assert -10_000 < SCHEME.law.log10_tail(green, len(counted[1])) < -320
