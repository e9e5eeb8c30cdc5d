import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import ConfigError
from stillwatch.simulate import generate, load
from stillwatch.simulate.scenario import Benign, Campaign, Scenario
from stillwatch.simulate.workloads import WORKLOADS
from stillwatch.traffic.schema import ACCOUNTS, REQUESTS

SMALL = {"people": 40, "apps": 1, "benchmarks": 2, "viral": 1, "agent_users": 5, "migrations": 2}
MEDIUM = Scenario(
    "medium", days=4, providers=("alpha", "beta"), launch_day=2, benign=Benign(**SMALL),
    campaigns=(Campaign("one", 12, 300, providers={"alpha": 0.7, "beta": 0.3}), Campaign("two", 5, 90, turns=0.5)),
)  # fmt: skip


def both(scenario: Scenario, provider: str | None = None, **how: float) -> tuple[pa.Table, pa.Table]:
    """The log and its truth."""
    pairs = list(generate(scenario, **how).labelled(provider))
    return pa.Table.from_batches([r for r, _ in pairs]), pa.Table.from_batches([t for _, t in pairs])


def test_the_same_seed_gives_the_same_and_another_seed_another() -> None:
    one, again, other = (both(MEDIUM, seed=seed) for seed in (1, 1, 2))
    assert one[0].equals(again[0])
    assert one[1].equals(again[1])
    assert not set(one[0]["request_id"].to_pylist()) & set(other[0]["request_id"].to_pylist())
    assert not set(one[0]["account_id"].to_pylist()) & set(other[0]["account_id"].to_pylist())


def test_another_process_gives_the_same() -> None:
    code = (
        "import sys; from stillwatch.simulate import *; w = generate(load('demo'), scale=0.02);"
        "print(sum(hash(b.slice(0, 50).to_pydict()['output_text'][3]) for b in w.batches()))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": "0", "NUMBA_NUM_THREADS": n}, check=True,
            capture_output=True, text=True,
        ).stdout
        for n in ("1", "2")
    }  # fmt: skip
    assert len(told) == 1


def test_rows_are_in_the_schema_and_in_the_order_of_time() -> None:
    for provider in MEDIUM.providers:
        requests, truth = both(MEDIUM, provider)
        assert requests.schema == REQUESTS
        time = requests["time"].cast(pa.int64()).to_numpy()
        assert (np.diff(time) >= 0).all()
        start = int(np.datetime64(MEDIUM.start, "us").astype(np.int64))
        assert start <= time[0] <= time[-1] < start + MEDIUM.days * 86_400_000_000
        assert requests["request_id"].equals(truth["request_id"])
        assert requests["account_id"].equals(truth["account_id"])
        assert pc.count_distinct(requests["request_id"]).as_py() == len(requests)
        for name in ("request_id", "time", "account_id", "input_messages", "request_model", "usage_input_tokens"):
            assert requests[name].null_count == 0


def test_every_request_has_an_account_and_every_account_a_truth() -> None:
    world = generate(MEDIUM)
    for provider in world.providers:
        accounts, truth = world.accounts(provider), world.account_truth(provider)
        assert accounts.schema == ACCOUNTS
        assert accounts["account_id"].equals(truth["account_id"])
        asked = {a for batch in world.batches(provider) for a in batch["account_id"].to_pylist()}
        assert asked <= set(accounts["account_id"].to_pylist())
        assert set(truth["provider"].to_pylist()) == {provider}
    assert not set(world.accounts("alpha")["account_id"].to_pylist()) & set(
        world.accounts("beta")["account_id"].to_pylist()
    )


def test_a_history_repeats_what_was_asked_and_answered() -> None:
    requests, _ = both(Scenario("talk", days=3, benign=Benign(people=60)))
    rows = requests.select(["conversation_id", "input_messages", "output_text", "response_status"]).to_pylist()
    earlier: dict[str, list] = {}
    continued = 0
    for row in rows:
        messages, known = row["input_messages"], earlier.get(row["conversation_id"])
        assert [m["role"] for m in messages] == ["user", "assistant"] * (len(messages) // 2) + ["user"]
        if known and row["response_status"] == 200 and len(messages) == len(known) + 1:
            assert messages[:-1] == known
            continued += 1
        if row["output_text"]:
            assert row["output_text"].startswith("(answer) ")
            earlier[row["conversation_id"]] = [*messages, {"role": "assistant", "content": row["output_text"]}]
    assert continued > 50


def test_errors_have_no_answer() -> None:
    requests, _ = both(MEDIUM, "alpha")
    failed = requests.filter(pc.not_equal(requests["response_status"], 200))
    assert len(failed) > 5
    assert failed["output_text"].null_count == failed["response_finish_reason"].null_count == len(failed)
    assert set(failed["usage_output_tokens"].to_pylist()) == {0}


def test_an_answer_takes_time_and_a_longer_one_more() -> None:
    requests, _ = both(MEDIUM, "alpha")
    answered = requests.filter(pc.equal(requests["response_status"], 200))
    took, tokens = (answered[name].to_numpy() for name in ("operation_duration", "usage_output_tokens"))
    assert took.min() > tokens[took.argmin()] / 1000 > 0
    assert np.median(took[tokens > np.median(tokens)]) > 1.5 * np.median(took[tokens <= np.median(tokens)])
    failed = requests.filter(pc.not_equal(requests["response_status"], 200))
    assert 0 < pc.max(failed["operation_duration"]).as_py() < took.min()


def test_scale_multiplies_accounts_and_requests() -> None:
    one, three = (generate(load("scale"), scale=scale) for scale in (0.1, 0.3))
    assert 2.5 < len(three.accounts()) / len(one.accounts()) < 3.5
    assert 2.5 < three.expected_requests() / one.expected_requests() < 3.5
    assert len(generate(load("scale"), scale=3).campaigns) == 3


def test_the_benchmark_has_seventy_five_requests_an_account() -> None:
    world = generate(load("scale"))
    assert 0.95e6 < world.expected_requests() < 1.05e6
    assert 60 < world.expected_requests() / len(world.accounts()) < 85


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), 1e9])
def test_a_scale_that_makes_no_sense_is_an_error(scale: float) -> None:
    with pytest.raises(ConfigError, match="scale"):
        generate(MEDIUM, scale=scale)


def test_an_unknown_provider_or_an_empty_world_is_an_error() -> None:
    with pytest.raises(ConfigError, match="gamma"):
        generate(MEDIUM).accounts("gamma")
    with pytest.raises(ConfigError, match="neither"):
        generate(Scenario("empty")).accounts()


COUNTS = st.fixed_dictionaries({}, optional={name: st.integers(1, 2) for name in WORKLOADS})
CAMPAIGNS = st.builds(
    Campaign,
    name=st.just("it"),
    accounts=st.integers(1, 30),
    requests=st.integers(1, 200),
    content=st.sampled_from(["instruct", "ask", "grade", ("reason", "clean")]),
    template=st.sampled_from(["plain", "fixed", "paraphrase", "nonce", "encoded"]),
    languages=st.sampled_from([("en",), ("zh", "ja", "ar")]),
    repeats=st.integers(1, 5),
    items=st.sampled_from([0, 7]),
    turns=st.floats(0, 3),
    handoff=st.floats(0, 1),
    probe=st.floats(0, 1),
    mix_benign=st.floats(0, 0.9),
    timing=st.sampled_from(["flat", "human", "office", "burst", "ramp", "quota", "launch", "decay"]),
    route=st.sampled_from(
        ["round_robin", "random", "weighted", "sticky", "fill_first", "drain", "reset_drain", "single"]
    ),
    rotate_day=st.none() | st.floats(0, 5),
    start_day=st.floats(0, 0.9),
    failover=st.floats(0, 1),
    arbitrage=st.floats(0, 1),
    adapt_days=st.floats(0, 3),
    payment_distinct=st.none() | st.floats(0, 1),
    residential=st.none() | st.floats(0, 1),
    organizations=st.integers(0, 3),
    age_days=st.none() | st.floats(0.1, 50),
    client=st.sampled_from(["any", "sdk", "browser", "agent", "one"]),
    sanitized=st.booleans(),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(COUNTS, CAMPAIGNS, st.integers(1, 5), st.none() | st.floats(0, 5), st.floats(0.2, 2.0))
def test_any_scenario_gives_a_log_in_order_with_its_truth(
    counts: dict[str, int], campaign: Campaign, days: int, launch: float | None, scale: float
) -> None:
    benign = Benign(people=3, volume=0.2, **{k: v for k, v in counts.items() if k != "people"})
    requests, truth = both(Scenario("any", days, launch_day=launch, benign=benign, campaigns=(campaign,)), scale=scale)
    time = requests["time"].cast(pa.int64()).to_numpy()
    assert (np.diff(time) >= 0).all()
    requests.validate(full=True)
    assert truth["request_id"].equals(requests["request_id"])
    assert pc.count_distinct(requests["request_id"]).as_py() == len(requests)
    assert set(truth.filter(pc.equal(truth["kind"], "campaign"))["campaign"].to_pylist()) <= {"it"}
