"""Text: words that come again and again."""

import numpy as np
import pytest

from stillwatch.campaigns.evidence import text

WRAP = "You are a patient examiner. Consider what follows and lay out all of your thoughts: {} Return nothing else."


@pytest.fixture(scope="module")
def wrapped(crowd):
    return crowd(25, name="w", wrap=WRAP, requests=4)


def test_a_wrapper_round_changing_content_speaks(population_of, crowd, wrapped, named):
    evidence = text.weigh(named(population_of(crowd(300) + wrapped), "w"))
    assert evidence.bits > 3
    assert (evidence.observed, evidence.expected) == (1.0, 0.0)


def test_a_wrapper_in_a_third_of_the_traffic_speaks(population_of, crowd, wrapped, named):
    rows = crowd(300) + wrapped + crowd(25, name="w", seed=1, requests=8)
    assert text.weigh(named(population_of(rows), "w")).bits > 2


def test_a_prompt_that_went_round_does_not(population_of, crowd, wrapped, named):
    rows = crowd(200) + crowd(100, name="also", wrap=WRAP) + wrapped
    population = population_of(rows)
    assert not text.own_words(named(population, "w")).any()
    assert text.weigh(named(population, "w")).bits <= 0


def test_no_words_in_common_speak_against(population_of, crowd, named):
    evidence = text.weigh(named(population_of(crowd(200)), "s00"))
    assert -1 <= evidence.bits <= 0


def test_the_wrapper_of_one_customer_is_not_the_clusters(population_of, crowd, wrapped, named):
    """Twenty-five keys of one team hold the words; the cluster's other customers do not."""
    desk = [{"account_id": row["account_id"], "payment_fingerprint": "p", "email_domain": "m"} for row in wrapped[::4]]
    cluster = named(population_of(crowd(200) + wrapped, desk), "w", "s000")
    assert cluster.parties == 11
    assert not text.own_words(cluster).any()
    assert np.isfinite(text.weigh(cluster).bits)
