"""A malicious member of ten is contained: nothing of it acts, nobody's word is lost, the service goes on.

`python bench/malicious.py` prints what the attacks attempt, what stops them and what they cost.
"""

import tomllib

import pytest
import scenario
from forum import Forum


def test_every_attack_is_described_and_every_description_is_run():
    described = [each["name"] for each in tomllib.loads(scenario.SCENARIO.read_text("utf-8"))["attack"]]
    assert described == list(scenario.ATTACKS)


@pytest.mark.slow
def test_one_malicious_member_of_ten_is_contained(tmp_path):
    with Forum.opened(tmp_path) as forum:
        findings = list(scenario.run(forum))
        assert scenario.settled(forum) == []
    assert [each.attack for each in findings if not each.contained] == []
