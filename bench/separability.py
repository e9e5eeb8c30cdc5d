"""The audit of the labelled logs: if one column told planted from benign accounts, finding them would show nothing.

    python bench/separability.py [--scenario attacks mixed] [--json] [--markdown PAGE]

For each simple figure of an account its AUC, the probability that a planted account has more of it than a benign one
(or less: the larger of the two is told). Beside what the scan catches stands what the best single figure would catch
with a threshold that flags 5 in 10,000 benign accounts; figure, direction and threshold are chosen with the labels.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from labelled import Log, scenarios
from scanning import scan
from scipy.stats import rankdata
from scorer import Truth, clusters_of, judge
from tables import Table, add_options, publish

F64 = npt.NDArray[np.float64]

SCENARIOS = ("demo", "attacks", "evasive", "mixed")
OPENING = 48  # letters
ENOUGH = 20  # requests
SEVERAL = 3  # campaigns: one alone always has some figure of its own
ALLOWED = 5e-4  # of the benign
SHOWN = 12


def figures(folder: Path) -> tuple[list[str], dict[str, F64]]:
    """The accounts that asked anything, and their figures; what is missing is -1."""
    log = _requests(pq.read_table(folder / "requests.parquet"))
    by = log.group_by("account_id").aggregate([([], "count_all"), *_ASKED])
    sign_up = _sign_ups(pq.read_table(folder / "accounts.parquet"), pc.min(log["time"]).as_py())
    by = by.join(_gaps(log), "account_id").join(sign_up, "account_id").sort_by("account_id")
    asked = {name: _numbers(by[name]) for name in by.column_names if name != "account_id"}
    asked["input_tokens_spread"] = asked.pop("input_tokens_stddev") / np.maximum(asked["input_tokens_mean"], 1)
    asked["output_tokens_spread"] = asked.pop("output_tokens_stddev") / np.maximum(asked["output_tokens_mean"], 1)
    return by["account_id"].to_pylist(), asked


_ASKED = [
    *((name, "mean") for name in ("single", "input_tokens", "output_tokens", "temperature", "warm", "length", "failed",
                                  "talks", "system", "night", "weekend", "opened_by", "address_shared", "rank")),
    *((name, "stddev") for name in ("input_tokens", "output_tokens")),
    *((name, "count_distinct") for name in ("request_model", "client_address", "user_agent", "hour", "day", "opening")),
]  # fmt: skip


def _requests(log: pa.Table) -> pa.Table:
    time = log["time"]
    last = pc.list_element(log["input_messages"].combine_chunks(), 0)
    opening = pc.utf8_slice_codeunits(pc.fill_null(pc.struct_field(last, "content"), ""), 0, OPENING)
    hour = pc.hour(time)
    columns = {
        "single": pc.equal(pc.list_value_length(log["input_messages"]), 1),
        "input_tokens": log["usage_input_tokens"],
        "output_tokens": log["usage_output_tokens"],
        "temperature": log["request_temperature"],
        "warm": pc.is_valid(log["request_temperature"]),
        "length": pc.is_valid(log["request_max_tokens"]),
        "failed": pc.greater_equal(log["response_status"], 400),
        "talks": pc.is_valid(log["conversation_id"]),
        "system": pc.is_valid(log["system_instructions"]),
        "night": pc.less(hour, 6),
        "weekend": pc.greater_equal(pc.day_of_week(time), 5),
        "rank": pa.array(np.arange(len(log))),
        "hour": pc.floor_temporal(time, unit="hour"),
        "day": pc.floor_temporal(time, unit="day"),
        "opening": opening,
    }
    kept = log.select(["account_id", "time", "request_model", "client_address", "user_agent"])
    for name, values in columns.items():
        kept = kept.append_column(name, values.cast(pa.float64()) if pa.types.is_boolean(values.type) else values)
    return kept.append_column("opened_by", _accounts_with(kept, "opening")).append_column(
        "address_shared", _accounts_with(kept, "client_address")
    )


def _accounts_with(log: pa.Table, column: str) -> pa.Array:
    """For each request, how many accounts share its value of a column."""
    values = log[column].combine_chunks().dictionary_encode()
    who = log["account_id"].combine_chunks().dictionary_encode()
    codes = pc.fill_null(values.indices, len(values.dictionary)).to_numpy().astype(np.int64)
    pairs = np.unique(codes * len(who.dictionary) + who.indices.to_numpy())
    return pa.array(np.bincount(pairs // len(who.dictionary), minlength=len(values.dictionary) + 1)[codes])


def _gaps(log: pa.Table) -> pa.Table:
    """Median seconds between an account's requests."""
    who = log["account_id"].combine_chunks().dictionary_encode()
    codes, time = who.indices.to_numpy(), log["time"].cast(pa.int64()).to_numpy()
    order = np.lexsort((time, codes))
    parts = np.split(time[order], np.flatnonzero(np.diff(codes[order])) + 1)
    gaps = [float(np.median(np.diff(part))) / 1e6 if len(part) > 1 else None for part in parts]
    return pa.table({"account_id": who.dictionary.take(pa.array(np.unique(codes))), "gap_median": gaps})


def _sign_ups(accounts: pa.Table, start: object) -> pa.Table:
    age = pc.divide(
        pc.subtract(pa.scalar(start, accounts["created"].type), accounts["created"]).cast(pa.int64()), 3_600_000_000
    )
    out = accounts.select(["account_id"]).append_column("age_hours", age)
    for name in ("payment_fingerprint", "email_domain", "signup_address", "organization_id"):
        out = out.append_column(f"{name}_shared", _accounts_with(accounts, name))
        out = out.append_column(f"{name}_given", pc.is_valid(accounts[name]).cast(pa.float64()))
    for plan in pc.unique(accounts["plan"]).drop_null().to_pylist():
        out = out.append_column(f"plan_{plan}", pc.equal(accounts["plan"], plan).cast(pa.float64()))
    return out


def _numbers(column: pa.ChunkedArray) -> F64:
    return np.nan_to_num(pc.fill_null(column.cast(pa.float64()), -1.0).to_numpy(), nan=-1.0)


def auc(values: F64, planted: npt.NDArray[np.bool_]) -> float:
    """The probability that a planted account has more than a benign one (ties: half), or less if that is likelier."""
    n, m = int(planted.sum()), int((~planted).sum())
    if not n or not m:
        return 0.5
    area = (rankdata(values)[planted].sum() - n * (n + 1) / 2) / (n * m)
    return max(area, 1 - area)


def caught_alone(values: F64, planted: npt.NDArray[np.bool_], requests: F64) -> float:
    """Share of planted requests above (or below) the threshold that ALLOWED of the benign pass."""
    shares = []
    for v in (values, -values):
        benign = np.sort(v[~planted])[::-1]
        line = benign[int(ALLOWED * len(benign))]
        shares.append(requests[planted & (v > line)].sum() / requests[planted].sum())
    return max(shares)


def audit(log: Log) -> dict[str, dict[str, tuple[float, float, float]]]:
    """For each figure: AUC over all accounts, over those with ENOUGH requests, and what it would catch alone."""
    truth = Truth.read(log.truth, log.provider)
    ids, columns = figures(log.folder)
    planted = np.array([i in truth.planted for i in ids])
    requests = np.array([truth.served.get(i, 0) for i in ids], np.float64)
    enough = columns["count_all"] >= ENOUGH
    return {
        name: (auc(v, planted), auc(v[enough], planted[enough]), caught_alone(v, planted, requests))
        for name, v in columns.items()
    }


def tables(logs: Sequence[Log]) -> tuple[list[Table], list[dict[str, object]]]:
    """The largest AUCs of each log, and the best single figure beside the scan."""
    largest, beside, told = [], [], []
    for log in logs:
        audited = audit(log)
        by_auc = sorted(audited, key=lambda name: -audited[name][0])
        largest += [(log.name, name, *audited[name][:2]) for name in by_auc[:SHOWN]]
        best = max(audited, key=lambda name: audited[name][2])
        score = judge(Truth.read(log.truth, log.provider), clusters_of(scan(log.folder).findings)).figures()
        most = (max(a[0] for a in audited.values()), max(a[1] for a in audited.values()))
        beside.append((log.name, len(audited), *most, best, audited[best][2], score["caught"], score["false_per_10k"]))
        told.append({"log": log.name, "figures": audited, "best": best, "scan": score})
    first = (
        "log",
        "figures",
        "largest AUC",
        f"{ENOUGH} requests or more",
        "best alone",
        "it catches",
        "scan catches",
        "scan false/10k",
    )
    return [
        Table(
            "The best single figure, its threshold set by the labels at 5 in 10,000 benign accounts, and the scan:",
            first,
            beside,
        ),
        Table(
            "The largest AUCs of single figures:",
            ("log", "figure", "all accounts", f"{ENOUGH} requests or more"),
            largest,
        ),
    ], told


def main() -> None:
    """Audit, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenario", nargs="+", metavar="NAME", help="these alone")
    add_options(options)
    given = options.parse_args()
    there = [s for s in scenarios(given.scenario or ()) if given.scenario or s.name in SCENARIOS]
    logs = [log for scenario in there for log in scenario.logs(None)]
    made, told = tables([log for log in logs if len(Truth.read(log.truth, log.provider).campaigns()) >= SEVERAL])
    publish(given, "separability", made, told)


if __name__ == "__main__":
    main()
