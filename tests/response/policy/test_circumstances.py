import pytest

from stillwatch.response.policy.circumstances import Speaking, customers


@pytest.mark.parametrize(
    ("bits", "groups", "origin"),
    [
        ({"text": 5, "content": 5}, {"asked"}, "own"),  # what is asked, seen twice
        ({"text": 2, "content": 2}, {"asked"}, "own"),
        ({"text": 5, "sign_up": 4, "time": 3.9}, {"asked", "signed_up"}, "own"),
        ({"text": 5, "alliance": 6}, {"asked", "elsewhere"}, "both"),
        ({"text": 5, "alliance": 1}, {"asked"}, "both"),
        ({"text": 3.9, "alliance": 8}, {"elsewhere"}, "imported"),
        ({"text": 6, "content": -2.5}, set(), "imported"),
        ({"geography": 50}, set(), "imported"),
    ],
)
def test_families_that_could_be_one_observation_speak_once(found, bits, groups, origin):
    speaking = Speaking.of(found.Found(evidence=found.evidence(**bits)), 4.0)
    assert (speaking.groups, speaking.origin) == (groups, origin)


def test_evidence_is_named_strongest_first_and_only_what_speaks(found):
    speaking = Speaking.of(found.Found(evidence=found.evidence(time=-1, text=5, sign_up=9)), 4.0)
    assert speaking.evidence == ("c-1:sign_up:sign_up", "c-1:text:text")


def test_of_an_account_with_two_rows_all_organizations_count(accounts_of):
    table = accounts_of(
        [
            {"account_id": "a", "organization_id": "o1", "plan": "free"},
            {"account_id": "a", "organization_id": "o2", "plan": "free"},
            {"account_id": "b", "organization_id": ""},
            {"account_id": "elsewhere", "organization_id": "o3"},
        ]
    )
    known = customers(table, ["a", "b", "not there"])
    assert known["a"].organizations == {"o1", "o2"}
    assert known["b"].organizations == set()
    assert known.keys() == {"a", "b"}
