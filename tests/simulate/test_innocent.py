import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillwatch.simulate import generate, load
from stillwatch.simulate.scenario import Benign, Scenario
from stillwatch.simulate.workloads import WORKLOADS


def of_kind(name: str, n: int = 3, **more: object) -> tuple[pa.Table, pa.Table]:
    """The requests of one innocent kind among a few people, and the accounts table."""
    counts = {"people": 60, name: n} if name != "people" else {"people": 60}
    world = generate(Scenario("one", days=10, benign=Benign(**counts), **more))
    pairs = list(world.labelled())
    requests, truth = (pa.Table.from_batches([pair[i] for pair in pairs]) for i in range(2))
    return requests.filter(pc.equal(truth["kind"], WORKLOADS[name].kind)), world.accounts()


def starts(requests: pa.Table, size: int = 60) -> list[str]:
    return [messages[0]["content"][:size] for messages in requests["input_messages"].to_pylist()]


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_every_kind_is_there_and_nothing_is_planted(name: str) -> None:
    requests, _ = of_kind(name)
    assert len(requests) > 5


def test_all_the_kinds_are_in_the_shipped_scenario() -> None:
    world = generate(load("innocent"), scale=0.3)
    kinds = {kind for _, truth in world.labelled() for kind in truth["kind"].to_pylist()}
    assert kinds == {work.kind for work in WORKLOADS.values()}
    assert set(world.account_truth()["campaign"].to_pylist()) == {None}


def test_a_household_shares_a_card_and_a_line() -> None:
    requests, accounts = of_kind("households", 1)
    members = accounts.filter(pc.is_in(accounts["account_id"], pc.unique(requests["account_id"])))
    assert len(members) >= 2
    assert len(set(members["payment_fingerprint"].to_pylist()) - {None}) <= 1


def test_colleagues_come_from_one_address_and_organization() -> None:
    requests, _ = of_kind("companies", 1)
    assert pc.count_distinct(requests["client_address"]).as_py() == 1
    assert pc.count_distinct(requests["organization_id"]).as_py() == 1
    assert pc.count_distinct(requests["account_id"]).as_py() >= 3


def test_a_popular_client_has_one_system_text_in_unrelated_hands() -> None:
    requests, accounts = of_kind("agent_users", 40)
    assert pc.count_distinct(requests["system_instructions"]).as_py() == 1
    users = accounts.filter(pc.is_in(accounts["account_id"], pc.unique(requests["account_id"])))
    cards = [card for card in users["payment_fingerprint"].to_pylist() if card]
    assert len(set(cards)) == len(cards)


def test_a_product_has_many_customers_behind_one_account() -> None:
    requests, _ = of_kind("apps", 1)
    assert pc.count_distinct(requests["account_id"]).as_py() == 1
    assert pc.count_distinct(requests["system_instructions"]).as_py() == 1
    assert pc.count_distinct(requests["conversation_id"]).as_py() > 100


def test_a_public_benchmark_is_run_by_teams_that_do_not_know_each_other() -> None:
    requests, _ = of_kind("benchmarks", 12)
    organizations: dict[str, set[str]] = {}
    for row in requests.select(["organization_id", "input_messages"]).to_pylist():
        organizations.setdefault(row["input_messages"][0]["content"], set()).add(row["organization_id"])
    assert max(map(len, organizations.values())) >= 3
    assert len({text[:80] for text in organizations}) <= 3


def test_one_problem_is_asked_twenty_times() -> None:
    requests, _ = of_kind("passk", 2)
    assert pc.count_distinct(pa.array(starts(requests, 400))).as_py() < len(requests) / 8


def test_a_class_has_one_task_and_one_afternoon() -> None:
    requests, _ = of_kind("classes", 1)
    assert pc.count_distinct(requests["account_id"]).as_py() > 15
    assert pc.count_distinct(requests["client_address"]).as_py() == 1
    hours = sorted(time.timestamp() / 3600 for time in requests["time"].to_pylist())
    assert hours[int(len(hours) * 0.9)] - hours[int(len(hours) * 0.1)] < 8


def test_a_new_key_goes_on_where_the_old_one_stopped() -> None:
    requests, _ = of_kind("migrations", 1)
    spans: dict[str, list] = {}
    for row in requests.select(["account_id", "time"]).to_pylist():
        spans.setdefault(row["account_id"], []).append(row["time"])
    (_, old_end), (new_start, _) = sorted((min(times), max(times)) for times in spans.values())
    assert old_end < new_start


def test_ci_has_one_key_and_many_addresses() -> None:
    requests, _ = of_kind("ci", 1)
    assert pc.count_distinct(requests["account_id"]).as_py() == 1
    assert pc.count_distinct(requests["client_address"]).as_py() > 50


def test_failover_follows_server_errors_and_not_limits() -> None:
    requests, _ = of_kind("failover", 20)
    rows = requests.select(["account_id", "time", "response_status", "request_model", "input_messages"]).to_pylist()
    asked: dict[str, dict] = {}
    switched = {429: 0, 500: 0, 503: 0}
    for row in rows:
        before = asked.get(row["input_messages"][0]["content"] + row["account_id"])
        if before and before["response_status"] in switched:
            switched[before["response_status"]] += before["request_model"] != row["request_model"]
        asked[row["input_messages"][0]["content"] + row["account_id"]] = row
    assert switched[500] + switched[503] > 10
    assert switched[429] == 0


def test_a_prompt_goes_round_among_people_and_fades() -> None:
    requests, _ = of_kind("viral", 1)
    assert len(set(starts(requests, 80))) == 1
    assert pc.count_distinct(requests["account_id"]).as_py() > 5


def test_a_stolen_key_is_used_from_elsewhere_on_a_persons_account() -> None:
    world = generate(Scenario("one", benign=Benign(people=60, stolen=2)))
    pairs = list(world.labelled())
    truth = pa.Table.from_batches([t for _, t in pairs])
    victims = set(truth.filter(pc.equal(truth["kind"], "stolen_key"))["account_id"].to_pylist())
    kinds = dict(zip(*(world.account_truth()[c].to_pylist() for c in ("account_id", "kind")), strict=True))
    assert victims
    assert {kinds[victim] for victim in victims} == {"person"}


def test_researchers_live_on_refusals_and_people_do_not() -> None:
    refused = {
        name: pc.mean(pc.equal(of_kind(name)[0]["response_finish_reason"], "content_filter").cast(pa.int8())).as_py()
        for name in ("researchers", "scripts")
    }
    assert refused["researchers"] > 0.3
    assert refused["scripts"] < 0.02


def test_accounts_are_not_all_drawn_from_one_distribution() -> None:
    requests, _ = of_kind("people")
    words: dict[str, set[str]] = {}
    for account, messages in zip(
        requests["account_id"].to_pylist(), requests["input_messages"].to_pylist(), strict=True
    ):
        words.setdefault(account, set()).update(messages[0]["content"].lower().split())
    busy = [w for w in words.values() if len(w) > 40]
    alike = [len(a & b) / len(a | b) for i, a in enumerate(busy) for b in busy[i + 1 :]]
    assert len(busy) > 10
    assert sum(alike) / len(alike) < 0.15
