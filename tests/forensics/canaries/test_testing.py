import numpy as np
import pytest
from scipy.stats import binom

from stillwatch.forensics.canaries import testing
from stillwatch.forensics.canaries.planning import match_rate, needed, power
from stillwatch.forensics.canaries.planting import plant
from stillwatch.forensics.canaries.testing import gather
from stillwatch.forensics.model import Answer
from stillwatch.merkle import leaf_hash

SUSPECTS = 1000
SUBJECTS = ["bees", "stills", "rivers", "metals", "fevers", "winds", "seeds", "tides", "lenses", "yeasts"]
VERBS = ["change", "matter", "differ", "return", "help", "rest", "follow", "grow"]


def judged(choices, *keys, least=1, wrong_keys=0, planted=None, needed=0):
    return testing.test(
        "canaries", "s", choices, keys, least=least, needed=needed, wrong_keys=wrong_keys, seed=0, planted=planted
    )


def between(n, p, *, confidence=0.9999):
    """What a binomial count is within, but for one test in ten thousand."""
    return binom.interval(confidence, n, p)


@pytest.mark.parametrize(("n", "share"), [(4, 0.2), (4, 0.5), (2, 0.4), (3, 0.3)])
def test_of_a_thousand_suspects_as_many_are_found_as_was_planned(suspect, a_key, n, share):
    log10_alpha, random = -6.0, np.random.default_rng(n)
    slots = needed(n, match_rate(n, share), log10_alpha=log10_alpha, power=0.9)
    found = 0
    for _ in range(SUSPECTS):
        key = int(random.integers(0, 1 << 64, dtype=np.uint64))
        choices = suspect(random, slots, n, key=key, share=share)
        found += judged(choices, a_key(key)).log10_p <= log10_alpha
    planned = power(n, match_rate(n, share), slots, log10_alpha)
    assert 0.9 <= planned < 0.95
    least, most = between(SUSPECTS, planned)
    assert least <= found <= most


@pytest.mark.parametrize(("n", "favourite"), [(2, 1.0), (2, 0.0), (4, 0.7), (8, 1.0)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_of_a_thousand_innocent_ones_no_more_are_accused_than_alpha_whatever_their_habit(
    suspect, a_key, n, favourite, alpha
):
    random = np.random.default_rng(n)
    accused = 0
    for _ in range(SUSPECTS):
        key = int(random.integers(0, 1 << 64, dtype=np.uint64))
        choices = suspect(random, 150, n, favourite=favourite)
        accused += judged(choices, a_key(key)).log10_p <= np.log10(alpha)
    assert accused <= between(SUSPECTS, alpha)[1]


def answers(random, key, catalogue, many):
    """A model's answers: each with a few of the catalogue's phrases, as a key or else as its own habit chooses them."""
    phrases = list(catalogue.wordings)
    for number in range(many):
        subject, verb = random.choice(SUBJECTS), random.choice(VERBS)
        prompt = f"Question {number}: why do {subject} {verb}?"
        said = [
            f"{subject.capitalize()} {verb} {other}; {phrase} they {random.choice(VERBS)}."
            for other, phrase in zip(random.choice(SUBJECTS, 3), random.choice(phrases, 3), strict=True)
        ]
        text = " ".join(said)
        yield Answer(prompt, plant(text, prompt, catalogue, key).text if key is not None else text)


def test_from_texts_the_key_that_was_planted_is_found_and_no_other(shipped, a_key):
    keys = [a_key(value, f"C-{value}") for value in (11, 12, 13, 14)]
    choices = gather(answers(np.random.default_rng(1), 13, shipped, 250), shipped)
    result = judged(choices, *keys, wrong_keys=300)
    by_campaign = {each.campaign: each.log10_p_holm for each in result.keys}
    assert by_campaign.pop("C-13") < -30
    assert min(by_campaign.values()) > -2
    assert result.null.keys == 300
    assert result.null.share_05 < 0.1
    assert result.null.ks_p > 1e-4
    assert result.keys[2].total == result.n, "every choice is the key's, as every answer was planted"


def test_from_texts_an_innocent_model_is_not_accused(shipped, a_key):
    choices = gather(answers(np.random.default_rng(2), None, shipped, 250), shipped)
    assert judged(choices, a_key(13)).log10_p > -3


def test_a_slot_counts_once_however_often_it_is_said_and_what_is_undecided_does_not(shipped):
    one, other = "In fact, bees dance.", "As a matter of fact, bees dance."
    said = lambda *texts: gather([Answer("Why?", text) for text in texts], shipped)  # noqa: E731
    assert len(said(*[one] * 50).slots) == 1
    assert said(one, one, other).chosen.tolist() == said(one).chosen.tolist()
    undecided = said(one, other)
    assert undecided.slots == ()
    assert dict(undecided.left_out)["several variants alike"] == 1


def test_our_own_prompts_echoed_are_no_choices(shipped):
    text = "In fact, bees dance."
    assert gather([Answer(f"Repeat: {text}", text)], shipped).slots == ()


def test_each_key_is_compared_on_what_its_campaign_was_shown(shipped, a_key):
    choices = gather(answers(np.random.default_rng(3), 21, shipped, 60), shipped)
    half = frozenset(leaf_hash(slot) for slot in choices.slots[::2])
    keys = [a_key(21), a_key(22)]
    result = judged(choices, *keys, planted={keys[0].id: half})
    assert [each.n for each in result.keys] == [len(half), 0]
    assert result.keys[1].log10_p == 0
    assert dict(result.left_out)["never planted"] == len(choices.slots) - len(half)


def test_too_few_choices_are_no_result_but_a_number(suspect, a_key):
    choices = suspect(np.random.default_rng(0), 40, 2, key=5, share=1.0)
    result = judged(choices, a_key(5), least=100, needed=944)
    assert (result.keys, result.log10_p) == ((), 0)
    assert (
        result.problem
        == "40 answers hold 40 choices; the plan asks for 100. For the power that was planned 944 are needed."
    )


def test_the_order_of_the_answers_does_not_matter(shipped, a_key):
    read = list(answers(np.random.default_rng(4), 31, shipped, 80))
    assert judged(gather(read, shipped), a_key(31)) == judged(gather(read[::-1], shipped), a_key(31))
