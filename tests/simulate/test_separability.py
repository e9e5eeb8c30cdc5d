"""The audit: if one column told planted from benign, a test on this traffic would show nothing."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.stats import mannwhitneyu

from stillwatch.simulate import generate, load

COLUMNS = (
    "usage_input_tokens", "usage_output_tokens", "request_temperature", "request_max_tokens", "response_status",
    "operation_duration",
)  # fmt: skip


@pytest.mark.parametrize("name", ["attacks", "evasive"])
def test_no_single_column_separates_planted_from_benign_accounts(name: str) -> None:
    world = generate(load(name), scale=0.5)
    log = pa.Table.from_batches(list(world.batches()))
    log = log.append_column("turns", pc.list_value_length(log["input_messages"]))
    log = log.append_column("talks", pc.is_valid(log["conversation_id"]).cast(pa.int8()))
    means = [(column, "mean") for column in (*COLUMNS, "turns", "talks")]
    spreads = [("client_address", "count_distinct"), ("usage_input_tokens", "stddev")]
    by_account = log.group_by("account_id").aggregate([([], "count_all"), *means, *spreads])
    truth = world.account_truth()
    planted = set(truth.filter(pc.is_valid(truth["campaign"]))["account_id"].to_pylist())
    marked = np.array([account in planted for account in by_account["account_id"].to_pylist()])
    for column in by_account.column_names[1:]:
        values = np.nan_to_num(by_account[column].cast(pa.float64()).to_numpy(), nan=-1.0)
        area = mannwhitneyu(values[marked], values[~marked]).statistic / (marked.sum() * (~marked).sum())
        assert max(area, 1 - area) < 0.85, column
