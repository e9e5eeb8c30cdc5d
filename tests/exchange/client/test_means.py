import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.client.means import Means, read_means
from stillwatch.traffic.pseudonyms import Key

KEY = Key.ephemeral()


@pytest.fixture
def means_of(tmp_path):
    """The means of an accounts table, given as rows of account, card, mail domain and address."""

    def read(*rows, key=KEY):
        path = tmp_path / "accounts.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("account_id", "payment_fingerprint", "email_domain", "signup_address"), *rows])
        return read_means(Path(path), key)

    return read


def test_what_two_of_a_campaign_hold_is_shared_and_known_by_its_pseudonym(means_of):
    means = means_of(("a", "pm_1", "x.example", "198.51.100.1"), ("b", "pm_1", "y.example", "198.51.100.2"))
    shared = means.of(["a", "b"])
    (card,) = shared.values["payment"]
    assert (shared.values["mail_domain"], shared.values["address"], shared.held) == ((), (), ())
    assert card == KEY.token("pay", "pm_1")
    assert means.normal("payment", card) == b"pm_1"
    assert "pm_1" not in repr(means)


def test_spellings_of_one_value_are_one(means_of):
    means = means_of(("a", None, "Bücher.example", "2001:DB8::7"), ("b", None, "xn--bcher-kva.example", "2001:db8::7"))
    shared = means.of(["a", "b"])
    assert [means.normal("mail_domain", each) for each in shared.values["mail_domain"]] == [b"xn--bcher-kva.example"]
    assert [means.normal("address", each) for each in shared.values["address"]] == [b"2001:db8::/64"]


def test_common_property_and_what_means_nothing_elsewhere_stays_here(means_of):
    outside = [(f"o{number}", None, "mail.example", "198.51.100.9") for number in range(3)]
    means = means_of(("a", None, "mail.example", "10.0.0.1"), ("b", None, "mail.example", "10.0.0.1"), *outside)
    shared = means.of(["a", "b"])
    assert not any(shared.values.values())
    assert {held.field for held in shared.held} == {"shared.mail_domain", "shared.address"}


ACCOUNTS = st.sampled_from("abcdefgh")
HOLDERS = st.dictionaries(st.sampled_from(["v1", "v2", "v3"]), st.frozensets(ACCOUNTS, min_size=1))


@given(HOLDERS, st.frozensets(ACCOUNTS))
def test_whatever_is_shared_is_held_by_two_of_the_campaign_and_mostly_by_them(holders, campaign):
    means = Means({"payment": holders}, {value: value for value in holders})
    told = set(means.of(campaign).values["payment"])
    assert told == {
        value for value, who in holders.items() if len(who & campaign) >= 2 and 2 * len(who & campaign) >= len(who)
    }
