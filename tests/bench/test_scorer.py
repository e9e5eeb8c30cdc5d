"""The scorer's definitions, on cases that can be counted by hand."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scorer import Score, Truth, clusters_of, judge, owner

LARGE = {f"l{i}": "large" for i in range(8)}
SMALL = {f"s{i}": "small" for i in range(4)}
TRUTH = Truth(
    benign={f"b{i}": "person" for i in range(10)} | {"c0": "class", "c1": "class"},
    planted=LARGE | SMALL,
    served=dict.fromkeys(LARGE, 10) | dict.fromkeys(SMALL, 5),
)


def clusters(*words: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(word.split()) for word in words)


def figures(*words: str) -> dict[str, object]:
    return judge(TRUTH, clusters(*words)).figures()


def test_nothing_flagged_finds_nothing_and_accuses_nobody():
    assert figures() == {
        "found": 0,
        "planted": 2,
        "false_campaigns": 0,
        "caught": 0.0,
        "recall": 0.0,
        "false_accounts": 0,
        "false_per_10k": 0.0,
        "worst_kind": None,
        "worst_kind_share": None,
        "b3_precision": None,
        "b3_recall": None,
        "unknown": 0,
    }


def test_everything_flagged_campaign_by_campaign_is_perfect():
    f = figures(" ".join(LARGE), " ".join(SMALL))
    assert (f["found"], f["caught"], f["recall"], f["b3_precision"], f["b3_recall"]) == (2, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("cluster", "of"),
    [
        ("l0 l1 l2", "large"),
        ("l0 l1", None),  # fewer than three
        ("l0 l1 l2 l3 b0", "large"),  # 80 % exactly
        ("l0 l1 l2 b0", None),
        ("l0 l1 l2 s0", None),
        ("b0 b1 b2", None),
        ("s0 s1 s2 stranger", None),
    ],
)
def test_a_cluster_is_of_the_campaign_that_most_of_it_is(cluster, of):
    assert owner(TRUTH, frozenset(cluster.split())) == of


def test_found_at_half_of_the_requests_in_clusters_of_it():
    assert figures("l0 l1 l2 l3")["found"] == 1
    assert figures("l0 l1 l2")["found"] == 0
    assert figures("l0 l1 l2", "l3 l4 l5")["found"] == 1
    assert figures("l0 l1 l2 l3 l4 l5 b0 b1 b2")["found"] == 0  # mixed up with others: flagged, but not found


def test_caught_counts_requests_wherever_they_are_flagged():
    f = figures("l0 b0 b1 b2 b3", "s0")
    assert f["caught"] == pytest.approx(15 / 100)
    assert f["recall"] == pytest.approx(2 / 12)


def test_a_cluster_mostly_of_benign_accounts_is_a_false_campaign():
    assert figures("l0 b0")["false_campaigns"] == 0  # half
    assert figures("l0 b0 b1")["false_campaigns"] == 1
    assert figures("stranger")["false_campaigns"] == 1


def test_false_accounts_are_counted_by_kind_and_the_worst_kind_by_share():
    f = figures("b0 b1 c0 l0")
    assert (f["false_accounts"], f["false_per_10k"]) == (3, 2500.0)
    assert (f["worst_kind"], f["worst_kind_share"]) == ("class", 0.5)
    assert judge(TRUTH, clusters("b0 b1 c0 l0")).false_accounts == {"person": 2, "class": 1}


def test_accounts_of_no_truth_are_told():
    assert figures("stranger l0 l1")["unknown"] == 1


def test_b_cubed_punishes_mixing_and_splitting():
    mixed = figures(" ".join(LARGE | SMALL))
    assert mixed["b3_precision"] == pytest.approx((8 * 8 / 12 + 4 * 4 / 12) / 12)
    assert mixed["b3_recall"] == 1.0
    split = figures("l0 l1 l2 l3", "l4 l5 l6 l7")
    assert (split["b3_precision"], split["b3_recall"]) == (1.0, 0.5)


@given(st.lists(st.sets(st.sampled_from([*LARGE, *SMALL, *TRUTH.benign, "stranger"]), min_size=1), max_size=5))
def test_shares_are_shares_and_the_order_of_clusters_does_not_matter(drawn):
    some = tuple(map(frozenset, drawn))
    f = judge(TRUTH, some).figures()
    shares = [f[key] for key in ("caught", "recall", "b3_precision", "b3_recall", "worst_kind_share")]
    assert all(share is None or 0 <= share <= 1 + 1e-9 for share in shares)
    backwards = judge(TRUTH, some[::-1]).figures()
    assert all(backwards[key] == pytest.approx(value) for key, value in f.items() if not isinstance(value, str))


def test_scores_add_up_as_of_different_accounts():
    one, other = judge(TRUTH, clusters("l0 l1 l2 l3 b0")), judge(TRUTH, clusters("s0 s1 s2"))
    both = (one + other).figures()
    assert (both["found"], both["planted"], both["false_accounts"]) == (2, 4, 1)
    assert both["caught"] == pytest.approx(55 / 200)
    assert (one + Score()).figures() == one.figures()


def test_truth_is_read_for_one_provider_and_for_some_requests(tmp_path):
    accounts = [
        {"provider": "alpha", "account_id": "a", "kind": "campaign", "campaign": "x"},
        {"provider": "alpha", "account_id": "b", "kind": "person", "campaign": None},
        {"provider": "beta", "account_id": "c", "kind": "person", "campaign": None},
    ]
    requests = [
        {"provider": "alpha", "request_id": "1", "account_id": "a", "campaign": "x"},
        {"provider": "alpha", "request_id": "2", "account_id": "a", "campaign": "x"},
        {"provider": "alpha", "request_id": "3", "account_id": "a", "campaign": None},  # genuine custom in between
        {"provider": "alpha", "request_id": "4", "account_id": "b", "campaign": None},
        {"provider": "beta", "request_id": "5", "account_id": "c", "campaign": None},
    ]
    pq.write_table(pa.Table.from_pylist(accounts), tmp_path / "accounts.parquet")
    pq.write_table(pa.Table.from_pylist(requests), tmp_path / "requests.parquet")
    assert Truth.read(tmp_path, "alpha") == Truth({"b": "person"}, {"a": "x"}, {"a": 2})
    assert Truth.read(tmp_path, "alpha", among=pa.array(["2", "3"])).served == {"a": 1}


def test_clusters_are_read_from_a_findings_document():
    document = {"campaigns": [{"accounts": [{"account_id": "a", "bits": 3.0}, {"account_id": "b", "bits": 1.0}]}]}
    assert clusters_of(document) == (frozenset({"a", "b"}),)
