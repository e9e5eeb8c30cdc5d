"""How likely a text is to a suspect that reads it, from the raw bytes of a transcript."""

import json
import math

import pytest

from stillwatch.forensics import rephrasings
from stillwatch.forensics.model import Key
from stillwatch.forensics.rephrasings import Pair, published, texts_of
from stillwatch.forensics.suspects import replies
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.forensics.suspects.endpoint import read, text_id
from stillwatch.forensics.suspects.transcript import likelihoods

KEY = Key("k-000000000001", 0xC0FFEE)
PAIRS = tuple(Pair(f"p-{i}", f"Sentence {i} as it was.", f"The same {i} otherwise.") for i in range(40))


def completion(logprobs, *, own=None):
    """A reply of a completions API to a text that it read: a figure for each token, and for one that it wrote."""
    tokens = [f"t{i}" for i in range(len(logprobs))]
    choice = {"text": "", "logprobs": {"tokens": tokens, "token_logprobs": logprobs, "top_logprobs": []}}
    usage = {"prompt_tokens": len(logprobs) - 1 if own is None else own}
    return json.dumps({"model": "suspect-1", "choices": [choice], "usage": usage}).encode()


def reads(likelier):
    """A suspect that has seen some texts: their tokens are likelier."""

    def behave(_number, body):
        one = -1.0 if body["prompt"] in likelier else -2.0 - len(body["prompt"]) % 7 / 10
        words = len(body["prompt"].split())
        return 200, {}, completion([None, *[one] * (words - 1), -9.0])

    return behave


def test_it_is_the_sum_over_the_texts_own_tokens():
    assert replies.likelihood(200, completion([None, -1.5, -0.25, -9.0])) == -1.75
    assert replies.likelihood(200, completion([-3.0, -1.5, -0.25], own=3)) == -1.75, "the first has nothing before it"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, completion([None, -1.0, -2.0])),
        (200, completion([None, None, -2.0])),
        (200, completion([None, "-1", -2.0])),
        (200, completion([None, -1.0], own=9)),
        (200, completion([None, -1.0], own="2")),
        (200, b'{"choices": [{"logprobs": null}], "usage": {"prompt_tokens": 2}}'),
        (200, b'{"choices": [{"logprobs": {"token_logprobs": [null, -1, -2]}}]}'),
        (200, b"not json"),
        (200, b"[]"),
    ],
)
def test_a_reply_that_does_not_say_it_wholly_says_nothing(status, body):
    assert replies.likelihood(status, body) is None


def test_pairs_are_read_to_a_suspect_and_what_was_published_is_found(trial):
    trial.serve(reads({(pair.first, pair.second)[published(KEY.value, pair)] for pair in PAIRS}))
    with trial.transcript() as transcript:
        read(trial.access(api="completions"), texts_of(PAIRS), trial.sampling(), transcript)
    heard = rephrasings.heard(trial.path, PAIRS)
    assert heard.keys() == {pair.pair_id for pair in PAIRS}
    result = rephrasings.test("pairs", "b-1", PAIRS, heard, (KEY,), least=20, needed=0, wrong_keys=100, seed=1)
    assert result.log10_p == pytest.approx(40 * math.log10(0.5), abs=0.1)
    assert trial.suspect.times.most_common(1)[0][1] == 1


def test_a_text_without_likelihood_leaves_its_pair_out(trial):
    trial.serve(
        lambda _number, body: (200, {}, completion([None, -1.0, -1.0] if "Sentence 3" in body["prompt"] else []))
    )
    with trial.transcript() as transcript:
        read(trial.access(api="completions"), texts_of(PAIRS[:5]), trial.sampling(), transcript)
    cleaning = Cleaning()
    assert dict(likelihoods(trial.path, cleaning)) == {text_id(PAIRS[3].first): -1.0}
    assert cleaning.left_out["without likelihood"] == 9
    assert rephrasings.heard(trial.path, PAIRS) == {}
