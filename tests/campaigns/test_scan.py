"""The whole scan: what it finds depends on what was asked, not on how the log lies about."""

import json
import random
from dataclasses import astuple, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.campaigns.scan import COLUMNS, scan
from stillwatch.config import ScanConfig
from stillwatch.errors import InputError
from stillwatch.reports.document import dumps, to_document
from stillwatch.simulate import write
from stillwatch.simulate.scenario import parse
from stillwatch.traffic import Key, Rejects, open_requests, read_accounts

SMALL = {
    "name": "small",
    "seed": 5,
    "days": 3,
    "benign": {"people": 150, "scripts": 15, "apps": 1, "agent_users": 10},
    "campaign": [
        {
            "name": "wrapped",
            "content": "reason",
            "topics": ["school"],
            "accounts": 40,
            "requests": 1200,
            "payment_distinct": 0.2,
        },
        {"name": "second", "content": "codetask", "accounts": 30, "requests": 600, "payment_distinct": 0.3},
    ],
}
KEY = Key.ephemeral()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("small")
    write(parse(SMALL), out)
    return out / "alpha"


@pytest.fixture(scope="module")
def requests(made):
    return pq.read_table(made / "requests.parquet")


@pytest.fixture(scope="module")
def desk(made):
    return pq.read_table(made / "accounts.parquet")


@pytest.fixture(scope="module")
def find(made):
    """Findings of log files, with the accounts table as it was made unless another is given."""

    def run(*paths, accounts=made / "accounts.parquet", threads=1, until=None, progress=None, **settings):
        rejects = Rejects()
        source = open_requests([str(path) for path in paths], rejects=rejects, key=KEY, columns=COLUMNS)
        table = None if accounts is None else read_accounts(accounts, key=KEY, rejects=rejects)
        config = ScanConfig(threads=threads, **settings)
        return scan(source, table, settings=config, until=until, progress=progress)

    return run


@pytest.fixture(scope="module")
def found(find, made):
    return find(made / "requests.parquet")


def documents(findings):
    """As it is told, save for how many files there were."""
    return dumps(to_document(replace(findings, inputs=replace(findings.inputs, files=1))))


def in_pieces(table, folder, n=3, seed=1):
    order = random.Random(seed).sample(range(table.num_rows), table.num_rows)  # noqa: S311
    paths = []
    for i in range(n):
        paths.append(folder / f"part-{i}.parquet")
        pq.write_table(table.take(pa.array(order[i::n])), paths[-1], row_group_size=211)
    return paths


def as_lines(table, path):
    with path.open("w", encoding="utf-8") as out:
        for row in table.to_pylist():
            out.write(json.dumps(row | {"time": row["time"].isoformat()}, ensure_ascii=False) + "\n")
    return path


def test_both_campaigns_are_found(found, made):
    truth = pq.read_table(made.parent / "truth" / "accounts.parquet").to_pylist()
    assert len(found.campaigns) == 2
    for name in ("wrapped", "second"):
        accounts = {row["account_id"] for row in truth if row["campaign"] == name}
        named = max(
            ({m.account_id for m in c.accounts} for c in found.campaigns), key=lambda members: len(members & accounts)
        )
        assert len(named & accounts) >= 0.9 * len(accounts)
        assert len(named - accounts) <= 0.1 * len(named)


def test_the_order_of_rows_and_their_cut_into_files_do_not_matter(found, find, requests, tmp_path):
    assert documents(find(*in_pieces(requests, tmp_path))) == documents(found)


def test_nor_does_the_number_of_threads(found, find, requests, tmp_path):
    pieces = in_pieces(requests, tmp_path)
    assert documents(find(*pieces, threads=2)) == documents(find(*pieces, threads=4)) == documents(found)


def test_nor_does_the_format(found, find, requests, tmp_path):
    assert documents(find(as_lines(requests, tmp_path / "log.jsonl"), threads=2)) == documents(found)


def test_nor_does_the_order_of_the_accounts_table(found, find, made, desk, tmp_path):
    path = tmp_path / "accounts.parquet"
    pq.write_table(desk.take(pa.array(range(desk.num_rows - 1, -1, -1))), path)
    assert documents(find(made / "requests.parquet", accounts=path)) == documents(found)


def test_a_campaign_adds_up(found, requests):
    for campaign in found.campaigns:
        own = requests.filter(pc.is_in(requests["account_id"], pa.array([m.account_id for m in campaign.accounts])))
        assert campaign.bits == campaign.prior + sum(e.bits for e in campaign.evidence)
        assert campaign.requests == own.num_rows == sum(m.requests for m in campaign.accounts)
        assert campaign.requests == sum(hour.requests for hour in campaign.timeline)
        assert campaign.usage_input_tokens == pc.sum(own["usage_input_tokens"]).as_py()
        assert campaign.usage_output_tokens == pc.sum(own["usage_output_tokens"]).as_py()
        assert campaign.first_seen == pc.min(own["time"]).as_py()
        assert campaign.last_seen == pc.max(own["time"]).as_py()
        assert campaign.first_seen <= campaign.crossed_at <= found.end
        before = pc.sum(pc.less(own["time"], pa.scalar(campaign.crossed_at, own["time"].type))).as_py()
        assert campaign.requests_before_crossing == before
    assert found.inputs.requests == requests.num_rows
    assert found.inputs.accounts == len(pc.unique(requests["account_id"]))
    assert found.inputs.notes == ()


def test_what_was_taken_adds_up(found, requests):
    for campaign in found.campaigns:
        members = pa.array([member.account_id for member in campaign.accounts])
        own = requests.filter(pc.is_in(requests["account_id"], members))
        answered = own.filter(pc.less(own["response_status"], 400))
        models = pc.value_counts(answered["request_model"]).to_pylist()
        taken = {each["values"]: 0 for each in models}
        for row in campaign.taken:
            taken[row.model] += row.answers
        assert taken == {each["values"]: each["counts"] for each in models}
        assert sum(row.usage_output_tokens for row in campaign.taken) == pc.sum(answered["usage_output_tokens"]).as_py()


def test_all_traffic_is_counted(found, requests):
    assert sum(hour.requests for hour in found.traffic) == len(requests)
    throttled = pc.sum(pc.equal(requests["response_status"], 429)).as_py()
    assert sum(hour.throttled for hour in found.traffic) == throttled > 0
    assert found.inputs.usage_output_tokens == pc.sum(requests["usage_output_tokens"]).as_py()
    everybody = {hour.time: hour for hour in found.traffic}
    for hour in (hour for campaign in found.campaigns for hour in campaign.timeline):
        counts, whole = astuple(hour)[1:], astuple(everybody[hour.time])[1:]
        assert all(part <= all_ for part, all_ in zip(counts, whole, strict=True))


def test_links_and_shared_text_are_the_campaigns_own(found):
    for campaign in found.campaigns:
        members = {m.account_id for m in campaign.accounts}
        assert campaign.links
        assert all(set(link.accounts) <= members and len(link.accounts) >= 2 for link in campaign.links)
        assert [len(link.accounts) for link in campaign.links] == sorted(
            (len(k.accounts) for k in campaign.links), reverse=True
        )
        (text,) = campaign.shared_text
        assert any(part.slot for part in text)
        assert sum(len(part.text) for part in text if not part.slot) > 60


def test_until_a_moment_is_the_log_up_to_there(find, made, requests, tmp_path):
    moment = datetime(2026, 9, 2, 12, tzinfo=UTC)
    path = tmp_path / "so-far.parquet"
    pq.write_table(requests.filter(pc.less(requests["time"], pa.scalar(moment, requests["time"].type))), path)
    so_far = find(made / "requests.parquet", until=moment)
    assert documents(so_far) == documents(find(path))
    assert so_far.end < moment
    assert so_far.inputs.requests < requests.num_rows


def test_without_an_accounts_table_it_says_what_it_lacks(find, made):
    findings = find(made / "requests.parquet", accounts=None)
    assert not findings.inputs.sign_up
    assert any("accounts table" in note for note in findings.inputs.notes)
    assert "sign_up" not in {e.family for c in findings.campaigns for e in c.evidence}


def test_accounts_that_the_table_does_not_have_are_noted(find, made, requests, desk, tmp_path):
    path, some = tmp_path / "accounts.parquet", pc.unique(requests["account_id"])[:10]
    pq.write_table(desk.filter(pc.invert(pc.is_in(desk["account_id"], some))), path)
    (note,) = find(made / "requests.parquet", accounts=path).inputs.notes
    assert note.startswith("10 of ")


def test_a_log_without_addresses_says_so(find, requests, tmp_path):
    path = tmp_path / "log.parquet"
    pq.write_table(requests.drop_columns(["client_address"]), path)
    assert any("network" in note for note in find(path, accounts=None).inputs.notes)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (("input_messages", "system_instructions"), "no text"),
        (("request_temperature", "request_max_tokens"), "sets a temperature"),
        (("usage_input_tokens", "usage_output_tokens"), "no tokens"),
    ],
)
def test_a_log_that_lacks_columns_says_what_was_not_weighed(find, requests, tmp_path, columns, says):
    path = tmp_path / "log.parquet"
    pq.write_table(requests.drop_columns([each for each in columns if each in requests.column_names]), path)
    (note,) = [each for each in find(path, accounts=None).inputs.notes if columns[0] in each]
    assert says in note


def test_ordinary_use_is_no_campaign(find, requests, tmp_path, made):
    truth = pq.read_table(made.parent / "truth" / "accounts.parquet")
    benign = truth.filter(pc.is_null(truth["campaign"]))["account_id"].combine_chunks()
    path = tmp_path / "benign.parquet"
    pq.write_table(requests.filter(pc.is_in(requests["account_id"], benign)), path)
    findings = find(path)
    assert findings.inputs.accounts > 100
    assert findings.campaigns == ()


def test_progress_is_told_stage_by_stage(find, made):
    told = []
    find(made / "requests.parquet", progress=lambda stage, share: told.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["reading", "weighing", "looking again"]
    assert all(0 <= share <= 1 for _, share in told)


ODD = {
    "one request": lambda _: {},
    "nothing but who and when": lambda i: {"account_id": f"a{i}", "input_messages": None},
    "one account": lambda i: {"ask": f"why {i}"},
    "one text, sent by everybody": lambda i: {
        "account_id": f"a{i}",
        "ask": "the very same long text for everybody " * 9,
    },
    "one moment": lambda i: {"account_id": f"a{i}", "hour": 0},
    "a century": lambda i: {"account_id": f"a{i}", "hour": 8000 * i},
    "absurd numbers": lambda i: {
        "account_id": f"a{i % 3}",
        "request_temperature": 1e300,
        "request_max_tokens": 2**63 - 1,
        "usage_input_tokens": 2**63 - 1,
        "usage_output_tokens": -(2**63),
        "response_status": -1,
    },
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("with_desk", [True, False])
def test_an_odd_log_is_read_and_no_campaign(find, batch_of, tmp_path, name, with_desk):
    log, accounts = tmp_path / "log.parquet", tmp_path / "accounts.csv"
    batch = batch_of(ODD[name](i) for i in range(1 if name == "one request" else 60))
    pq.write_table(pa.Table.from_batches([batch]), log)
    accounts.write_text("account_id,plan\na1,pro\na1,free\nnobody,\n")
    findings = find(log, accounts=accounts if with_desk else None)
    assert findings.campaigns == ()
    assert findings.inputs.requests == batch.num_rows
    assert findings.start <= findings.end


def test_nothing_before_a_moment_is_said_in_one_line(find, made):
    with pytest.raises(InputError, match="There is no request before 2001-01-01T00:00:00Z to look at") as raised:
        find(made / "requests.parquet", until=datetime(2001, 1, 1, tzinfo=UTC))
    assert "--until" in str(raised.value)
