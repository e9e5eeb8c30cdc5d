"""Client: one way of setting temperature and length."""

import pytest

from stillwatch.campaigns.evidence.client import MOST, UNSET, usual_styles, weigh


@pytest.fixture
def population(population_of):
    """Eighty strangers whose settings differ; twenty with what a test says."""

    def make(settings):
        strangers = [{"account_id": f"s{i:02}", "request_temperature": i / 100} for i in range(80)]
        some = [{"account_id": f"t{i:02}", **settings(i)} for i in range(20)]
        return population_of(strangers + some)

    return make


def test_settings_that_only_they_use_speak_but_never_for_two(population, named):
    evidence = weigh(named(population(lambda _: {"request_temperature": 0.83, "request_max_tokens": 3333}), "t"))
    assert 2 < evidence.bits <= MOST
    assert evidence.observed == 1


def test_settings_that_differ_do_not(population, named):
    assert weigh(named(population(lambda i: {"request_max_tokens": 100 * i}), "t")).bits <= 0


def test_settings_left_open_are_nothing(population, named):
    made = population(lambda _: {})
    assert (usual_styles(made)[named(made, "t").rows] == UNSET).all()
    assert weigh(named(made, "t")) is None


def test_the_defaults_of_a_popular_client_do_not(population_of, named):
    everyone = population_of(
        {"account_id": f"{'st'[i % 5 == 0]}{i:02}", "request_temperature": 0.7} for i in range(100)
    )
    assert weigh(named(everyone, "t")).bits <= 0


def test_who_varies_has_no_usual_settings(population_of):
    rows = [{"account_id": "a", "request_temperature": t} for t in (0.1, 0.2, 0.3)]
    rows += [{"account_id": "b", "request_temperature": t} for t in (0.1, 0.1, 0.3)]
    assert (usual_styles(population_of(rows)) != UNSET).tolist() == [False, True]


def test_a_default_of_a_trade_is_no_script_however_many_follow_it(population_of, named):
    """A quarter of four hundred translators set what the handbook says: no chance, and no one script either."""

    def group(name, alike):
        settings = (0.9 if i % 20 < 20 * alike else 1 + i / 1e4 for i in range(400))
        return [{"account_id": f"{name}{i:03}", "request_temperature": t} for i, t in enumerate(settings)]

    strangers = [{"account_id": f"s{i:03}", "request_temperature": (i % 40) / 100} for i in range(400)]
    bits = {share: weigh(named(population_of(strangers + group("t", share)), "t")).bits for share in (0.25, 0.75)}
    assert bits[0.75] == MOST
    assert bits[0.25] <= MOST / 2
