"""Content: one subject in the hands of strangers."""

import pytest

from stillwatch.campaigns.evidence import content


@pytest.fixture(scope="module")
def population(population_of, crowd):
    return population_of(crowd(300) + crowd(30, name="list", subject=5, requests=3))


def test_a_list_that_many_work_on_speaks(population, named):
    evidence = content.weigh(named(population, "list"))
    assert evidence.bits > 2
    assert evidence.observed > 0.4
    assert content.leaning(named(population, "list")) > 2


def test_some_strangers_do_not(population, named):
    evidence = content.weigh(named(population, "s00"))
    assert evidence.bits < 0
    assert content.leaning(named(population, "s00")) < 2


def test_some_of_many_with_one_interest_do_not(population_of, crowd, named):
    """A cut through a continent: as many again come as near."""
    rows = crowd(200) + crowd(20, name="taken", subject=5) + crowd(150, name="also", subject=5)
    assert content.weigh(named(population_of(rows), "taken")).bits <= 0


def test_everybody_is_nobody_in_particular(population_of, crowd, named):
    everyone = population_of(crowd(30, subject=5))
    assert content.weigh(named(everyone, "s")).bits <= 0
