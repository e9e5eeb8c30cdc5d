"""Ids follow from what they name, and never change."""

import uuid

import pytest
import stix2

from stillwatch.indicators import ids


def test_the_namespace_is_what_it_says():
    assert uuid.uuid5(uuid.NAMESPACE_URL, "urn:stillwatch:exchange") == ids.NAMESPACE


@pytest.mark.parametrize(
    ("found", "id_"),
    [
        (ids.derived("campaign", "a", 1), "campaign--9517ed28-2fd2-561e-95b0-26df7f73afb2"),
        (ids.indicator("stix", "[a:b = 'c']"), "indicator--a69ebd40-f7e3-5c56-bfb3-9d0700a36cb1"),
    ],
)
def test_ids_are_the_same_for_ever(found, id_):
    assert found == id_


def test_an_observable_has_the_id_that_stix_gives_it():
    assert ids.observable("ipv4-addr", {"value": "198.51.100.3"}) == stix2.IPv4Address(value="198.51.100.3").id


def test_the_order_of_properties_does_not_count():
    assert ids.observable("x-a", {"a": 1, "b": 2}) == ids.observable("x-a", {"b": 2, "a": 1})


def test_a_relationship_has_a_direction():
    assert ids.relationship("a", "uses", "b") != ids.relationship("b", "uses", "a")
