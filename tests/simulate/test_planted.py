from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillwatch.simulate import generate, load
from stillwatch.simulate.scenario import Benign, Campaign, Scenario
from stillwatch.simulate.world import World

DAY = 86_400.0


def planted(days: int = 8, launch_day: float | None = None, **said: Any) -> tuple[pa.Table, World]:
    """The requests of one campaign among a few people."""
    campaign = Campaign(**{"name": "it", "accounts": 20, "requests": 800, **said})
    world = generate(Scenario("one", days=days, launch_day=launch_day, benign=Benign(people=40), campaigns=(campaign,)))
    pairs = list(world.labelled())
    requests, truth = (pa.Table.from_batches([pair[i] for pair in pairs]) for i in range(2))
    return requests.filter(pc.equal(truth["campaign"], "it")), world


def seconds(requests: pa.Table) -> np.ndarray:
    return requests["time"].cast(pa.int64()).to_numpy() / 1e6 - 1788220800.0  # 1 September 2026


def first(requests: pa.Table) -> list[str]:
    return [messages[0]["content"] for messages in requests["input_messages"].to_pylist()]


def mine(world: World) -> pa.Table:
    accounts = world.accounts()
    return accounts.filter(pc.equal(world.account_truth()["campaign"], "it"))


def test_every_campaign_of_the_shipped_scenarios_is_in_its_truth() -> None:
    for name in ("attacks", "evasive"):
        world = generate(load(name), scale=0.2)
        truth = [t for provider in world.providers for _, t in world.labelled(provider)]
        seen = Counter(pa.Table.from_batches(truth)["campaign"].to_pylist())
        for campaign in world.campaigns:
            assert 0.75 < seen[campaign.name] / campaign.requests < 1.35


def test_a_campaign_has_its_accounts_and_requests() -> None:
    requests, world = planted()
    assert len(mine(world)) == 20
    assert abs(len(requests) - 800) < 40


def test_no_item_is_asked_twice_or_each_as_often_as_said() -> None:
    once, _ = planted(template="plain", content="codetask")
    often, _ = planted(template="plain", content="codetask", repeats=8)
    assert len(set(first(once))) > 700
    assert len(set(first(often))) < 130


@pytest.mark.parametrize(("route", "most"), [("round_robin", 60), ("random", 75), ("drain", 60), ("single", 900)])
def test_routes_spread_as_they_say(route: str, most: int) -> None:
    requests, _ = planted(route=route)
    volume = Counter(requests["account_id"].to_pylist())
    assert max(volume.values()) <= most
    assert (len(volume) == 1) == (route == "single")


def test_drained_accounts_follow_each_other() -> None:
    requests, _ = planted(route="drain")
    runs = 1 + sum(
        a != b for a, b in zip(requests["account_id"].to_pylist(), requests["account_id"].to_pylist()[1:], strict=False)
    )
    assert runs < 200
    spans = requests.group_by("account_id").aggregate([("time", "min"), ("time", "max")])
    lives = [
        (b - a).total_seconds() / DAY
        for a, b in zip(spans["time_min"].to_pylist(), spans["time_max"].to_pylist(), strict=True)
    ]
    assert max(lives) < 1.0


def test_a_second_pool_takes_over() -> None:
    requests, _ = planted(rotate_day=4, timing="flat")
    late = seconds(requests) > 4.02 * DAY
    accounts = np.array(requests["account_id"].to_pylist())
    assert not set(accounts[late]) & set(accounts[seconds(requests) < 4 * DAY])
    assert 0.3 < late.mean() < 0.7


def test_genuine_custom_is_mixed_in_and_is_not_labelled_as_planted() -> None:
    requests, world = planted(mix_benign=0.8, requests=400)
    truth = pa.Table.from_batches([t for _, t in world.labelled()])
    genuine = truth.filter(pc.equal(truth["kind"], "relayed_benign"))
    assert set(genuine["campaign"].to_pylist()) == {None}
    assert 3.0 < len(genuine) / len(requests) < 5.5
    assert set(genuine["account_id"].to_pylist()) <= set(mine(world)["account_id"].to_pylist())


def test_conversations_change_hands() -> None:
    requests, _ = planted(content="ask", template="plain", turns=1.5, handoff=1.0)
    rows = requests.select(["account_id", "conversation_id", "input_messages"]).to_pylist()
    starters = {row["input_messages"][0]["content"]: row for row in rows if len(row["input_messages"]) == 1}
    later = [row for row in rows if len(row["input_messages"]) == 3 and row["input_messages"][0]["content"] in starters]
    moved = [row for row in later if starters[row["input_messages"][0]["content"]]["account_id"] != row["account_id"]]
    assert len(moved) > 0.8 * len(later) > 50
    for row in moved:
        assert starters[row["input_messages"][0]["content"]]["conversation_id"] != row["conversation_id"]


def test_an_answer_is_presented_by_an_account_that_was_not_given_it() -> None:
    requests, _ = planted(content="reason", template="plain", turns=1.0, replay=True)
    rows = requests.select(["account_id", "output_text", "input_messages"]).to_pylist()
    given = {row["output_text"]: row["account_id"] for row in rows if row["output_text"]}
    shown = [
        (m["content"], row["account_id"]) for row in rows for m in row["input_messages"] if m["role"] == "assistant"
    ]
    known = [(given[text], account) for text, account in shown if text in given]
    assert len(known) > 100
    assert np.mean([a != b for a, b in known]) > 0.85


def test_probing_is_refused_and_then_it_scales() -> None:
    requests, _ = planted(probe=0.2, timing="ramp")
    refused = np.array([reason == "content_filter" for reason in requests["response_finish_reason"].to_pylist()])
    early = seconds(requests) < 0.3 * 8 * DAY
    assert refused[early].mean() > 0.5
    assert refused[~early].mean() < 0.05


def test_a_pivot_turns_to_the_new_model_at_once() -> None:
    requests, _ = planted(pivot=True, timing="launch", launch_day=4)
    new = np.array(requests["request_model"].to_pylist()) == "heron-4"
    after = seconds(requests) > 4 * DAY
    assert new[after].mean() > 0.85
    assert new[~after].mean() == 0
    assert ((seconds(requests) > 4 * DAY) & (seconds(requests) < 5 * DAY)).mean() > 0.4


def test_what_is_limited_is_sent_again_elsewhere() -> None:
    requests, _ = planted(failover=0.3, template="plain")
    rows = requests.select(["account_id", "response_status", "input_messages"]).to_pylist()
    limited = {r["input_messages"][0]["content"]: r["account_id"] for r in rows if r["response_status"] == 429}
    again = [r for r in rows if r["response_status"] == 200 and r["input_messages"][0]["content"] in limited]
    assert len(again) > 100
    assert np.mean([limited[r["input_messages"][0]["content"]] != r["account_id"] for r in again]) > 0.8


def test_what_is_refused_goes_to_another_model() -> None:
    requests, _ = planted(arbitrage=0.3, template="plain", content="gentle")
    asked = Counter(first(requests))
    refused = requests.filter(pc.equal(requests["response_finish_reason"], "content_filter"))
    assert np.mean([asked[text] >= 2 for text in first(refused)]) > 0.95


def test_a_wording_changes_with_the_days() -> None:
    requests, _ = planted(template="suffix", adapt_days=2)
    endings = [text.split("\n\n")[-1] for text in first(requests)]
    assert len(set(endings)) == 4
    still, _ = planted(template="suffix")
    assert len({text.split("\n\n")[-1] for text in first(still)}) == 1


def test_sign_up_follows_what_is_said() -> None:
    _, world = planted(
        accounts=100, payment_distinct=0.1, mail_shared=1.0, residential=0.0, age_days=5, organizations=2
    )
    accounts = mine(world)
    assert len(set(accounts["payment_fingerprint"].to_pylist())) == 10
    assert len(set(accounts["email_domain"].to_pylist())) <= 2
    assert len(set(accounts["signup_address"].to_pylist())) <= 14
    assert len(set(accounts["organization_id"].to_pylist())) == 2
    ages = [(world.scenario.start - created.date()).days for created in accounts["created"].to_pylist()]
    assert max(ages) <= 6


def test_an_account_with_a_proxy_has_an_address_a_day() -> None:
    requests, _ = planted(residential=1.0, accounts=10)
    shared = requests.group_by("client_address").aggregate([("account_id", "count_distinct")])
    assert set(shared["account_id_count_distinct"].to_pylist()) == {1}
    assert len(shared) > 60


def test_stolen_keys_belong_to_people() -> None:
    requests, world = planted(victims=True, accounts=15)
    assert len(mine(world)) == 0
    kinds = dict(zip(*(world.account_truth()[c].to_pylist() for c in ("account_id", "kind")), strict=True))
    assert {kinds[account] for account in requests["account_id"].to_pylist()} == {"person"}


def test_a_scrubbed_log_has_no_conversation_and_no_fingerprint() -> None:
    requests, _ = planted(sanitized=True, turns=1.0)
    assert requests["conversation_id"].null_count == requests["tls_fingerprint"].null_count == len(requests)
    assert len(set(requests["user_agent"].to_pylist())) == 1


def test_several_languages_split_the_script() -> None:
    requests, _ = planted(languages=("en", "zh", "ru"))
    scripts = [("\u4e00" <= c <= "\u9fff", "\u0430" <= c <= "\u044f") for text in first(requests) for c in text[:60]]
    assert any(chinese for chinese, _ in scripts)
    assert any(cyrillic for _, cyrillic in scripts)


def test_a_ramp_grows_and_a_burst_is_short() -> None:
    growing, _ = planted(timing="ramp")
    assert np.median(seconds(growing)) > 5 * DAY
    short, _ = planted(timing="burst")
    low, high = np.quantile(seconds(short), [0.2, 0.8])
    assert high - low < 0.5 * DAY


def test_a_campaign_at_two_providers_has_one_wording_and_no_item_twice() -> None:
    campaign = Campaign("it", 30, 1000, template="suffix", providers={"alpha": 0.6, "beta": 0.4})
    world = generate(Scenario("two", providers=("alpha", "beta"), benign=Benign(people=5), campaigns=(campaign,)))
    texts = {}
    for provider in world.providers:
        pairs = list(world.labelled(provider))
        requests, truth = (pa.Table.from_batches([pair[i] for pair in pairs]) for i in range(2))
        texts[provider] = first(requests.filter(pc.equal(truth["campaign"], "it")))
    assert 1.3 < len(texts["alpha"]) / len(texts["beta"]) < 1.7
    assert len({text.split("\n\n")[-1] for told in texts.values() for text in told}) == 1
    assert len(set(texts["alpha"]) & set(texts["beta"])) < 10
