from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.findings import Signature
from stillwatch.response.policy.continuity import known_as
from stillwatch.response.policy.ruling import decide_on


def test_a_campaign_that_grows_keeps_its_name_and_its_template(found, policies):
    first = found.Findings((found.Found(id="c-1", accounts=found.members("a", "b")),))
    held = decide_on(first, None, policies["strict"], standing=(), now=found.NOW, rng_seed=0).decisions
    grown = found.Findings((found.Found(id="c-2", accounts=found.members("a", "b", "c", "d", "e")),))
    more = decide_on(grown, None, policies["strict"], standing=held, now=found.NOW, rng_seed=0).decisions
    assert {(d.scope, d.value, d.campaign) for d in more} == {("account", name, "c-1") for name in "cde"}
    assert all(each.startswith("c-2:") for d in more for each in d.evidence)


def test_a_template_that_changed_is_decided_anew(found, policies):
    first = found.Findings((found.Found(accounts=found.members("a", "b")),))
    held = decide_on(first, None, policies["strict"], standing=(), now=found.NOW, rng_seed=0).decisions
    other = found.Findings((replace(first.campaigns[0], id="c-2", signature=Signature((1, 20, 21, 22))),))
    (again,) = decide_on(other, None, policies["strict"], standing=held, now=found.NOW, rng_seed=0).decisions
    assert (again.scope, again.value, again.template) == ("campaign", "c-1", (1, 20, 21, 22))


def test_of_two_parts_the_larger_keeps_the_name(found, policies):
    first = found.Findings((found.Found(id="c-1", accounts=found.members(*"abcdef")),))
    held = decide_on(first, None, policies["strict"], standing=(), now=found.NOW, rng_seed=0).decisions
    parts = (
        found.Found(id="c-2", accounts=found.members("a", "b"), signature=Signature((50,))),
        found.Found(id="c-3", accounts=found.members("c", "d", "e", "f"), signature=Signature((60,))),
    )
    assert known_as(parts, held) == {"c-2": "c-2", "c-3": "c-1"}


def test_a_campaign_that_is_still_found_keeps_its_own_name(found, policies):
    first = found.Findings((found.Found(id="c-1", accounts=found.members("a", "b")),))
    held = decide_on(first, None, policies["strict"], standing=(), now=found.NOW, rng_seed=0).decisions
    both = (found.Found(id="c-0", accounts=found.members("a", "b")), found.Found(id="c-1", accounts=found.members("z")))
    assert known_as(both, held) == {"c-0": "c-0", "c-1": "c-1"}


@given(st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), min_size=1, max_size=4), st.data())
def test_no_two_campaigns_have_one_name(found, policies, groups, data):
    first = found.Findings(
        tuple(found.Found(id=f"c-{n}", accounts=found.members(*sorted(g))) for n, g in enumerate(groups))
    )
    held = decide_on(first, None, policies["strict"], standing=(), now=found.NOW, rng_seed=0).decisions
    later = data.draw(st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), max_size=4))
    campaigns = [found.Found(id=f"c-{n + 2}", accounts=found.members(*sorted(g))) for n, g in enumerate(later)]
    names = known_as(campaigns, held)
    assert len(set(names.values())) == len(names) == len(campaigns)
