"""What every engine does alike: the verbs of `engines.contract`, in this process and on Spark."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ASKED = pa.schema([("account_id", pa.string()), ("number", pa.int64())])
COUNTED = pa.schema([("account_id", pa.string()), ("times", pa.int64()), ("total", pa.int64())])

#: What Arrow has and Spark or DuckDB has not.
ODD = pa.schema(
    [
        pa.field("small", pa.int8()),
        pa.field("octet", pa.uint8(), nullable=False),
        pa.field("word", pa.uint32()),
        pa.field("hash", pa.uint64()),
        pa.field("block", pa.binary(3), nullable=False),
        pa.field("word_of", pa.dictionary(pa.int32(), pa.string())),
        pa.field("time", pa.timestamp("us", tz="UTC")),
        pa.field("texts", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
    ],
    metadata={b"version": b"1"},
)
STRANGE = {
    "small": -128,
    "octet": 255,
    "word": 2**32 - 1,
    "hash": 2**64 - 1,
    "block": b"\0\xff\x01",
    "word_of": "ä",
    "time": 1_772_409_600_000_001,
    "texts": [{"role": "user", "content": "one"}, {"role": None, "content": None}],
}


class Counts:
    """How often each account asked, and the sum of its numbers."""

    def __init__(self):
        self.rows = {}

    def absorb(self, batch):
        for account, times, total in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            before = self.rows.get(account, (0, 0))
            self.rows[account] = (before[0] + times, before[1] + total)

    def batches(self):
        if self.rows:
            columns = [list(self.rows), *zip(*self.rows.values(), strict=True)]
            yield pa.RecordBatch.from_arrays(
                [pa.array(c, f.type) for c, f in zip(columns, COUNTED, strict=True)], schema=COUNTED
            )


class Total:
    """A sum of whole numbers, and of how many parts."""

    def __init__(self):
        self.value = 0

    def absorb(self, part):
        self.value += part

    def join(self, other):
        self.value += other.value


class Growing:
    """Numbers in an array that grows in place, as those of profiles do."""

    def __init__(self):
        self.numbers = np.zeros(4, np.int64)

    def absorb(self, part):
        self.numbers.resize(len(self.numbers) + 1, refcheck=False)
        self.numbers[-1] = part

    def join(self, other):
        self.absorb(other.numbers.sum())

    def itself(self):
        return self


def counted(batch):
    ones = pa.array([1] * batch.num_rows, pa.int64())
    return pa.RecordBatch.from_arrays([batch["account_id"], ones, batch["number"]], schema=COUNTED)


def doubled(batch):
    return pa.RecordBatch.from_arrays([batch["account_id"], pc.multiply(batch["number"], 2)], schema=ASKED)


def total(batch):
    return pc.sum(batch["number"]).as_py() or 0


def asked(pairs):
    columns = list(zip(*pairs, strict=True)) or [(), ()]
    return pa.RecordBatch.from_arrays([pa.array(c, f.type) for c, f in zip(columns, ASKED, strict=True)], schema=ASKED)


def rows(table):
    return sorted((tuple(row.values()) for batch in table.batches() for row in batch.to_pylist()), key=repr)


@pytest.fixture
def table(engine):
    """Accounts a to e with the numbers from 0 to 29, in three batches."""
    batches = [asked([("abcde"[n % 5], n) for n in range(start, start + 10)]) for start in (0, 10, 20)]
    return engine.table(batches, ASKED)


def test_rows_come_back_as_they_were(table):
    assert rows(table) == sorted((("abcde"[n % 5], n) for n in range(30)), key=repr)


def test_types_that_an_engine_lacks_come_back(engine):
    batch = pa.RecordBatch.from_pylist([STRANGE, STRANGE | {"texts": None, "hash": 0, "word_of": None}], schema=ODD)
    found = list(engine.table([batch], ODD).map(lambda b: b, ODD).batches())
    assert all(part.schema.equals(ODD, check_metadata=True) for part in found)
    assert [row for part in found for row in part.to_pylist()] == batch.to_pylist()


def test_a_map_is_what_the_kernel_makes_of_each_batch(table):
    assert rows(table.map(doubled, ASKED).map(doubled, ASKED)) == sorted(
        (("abcde"[n % 5], 4 * n) for n in range(30)), key=repr
    )


def test_a_map_may_leave_nothing(table):
    empty = table.map(lambda batch: batch.slice(0, 0), ASKED)
    assert rows(empty) == []
    assert empty.fold(total, Total).value == 0
    assert rows(empty.gather("account_id", counted, Counts, COUNTED)) == []


def test_a_fold_is_one_value(table):
    assert table.fold(total, Total).value == sum(range(30))
    assert table.map(doubled, ASKED).fold(total, Total).value == 2 * sum(range(30))


def test_a_sum_may_grow_in_place(table):
    assert table.fold(total, Growing).numbers.sum() == sum(range(30))


def test_a_fold_may_begin_with_what_is_there_already(table):
    growing = Growing()
    found = table.fold(total, growing.itself)
    assert found is growing
    assert found.numbers.sum() == sum(range(30))


def test_a_gather_has_one_row_a_key(table):
    found = rows(table.gather("account_id", counted, Counts, COUNTED))
    assert found == [(name, 6, sum(range(at, 30, 5))) for at, name in enumerate("abcde")]


def test_a_key_with_a_third_of_all_rows_is_one_row(engine):
    batches = [
        asked([("whale" if n % 3 == 0 else f"a{n % 997}", n) for n in range(start, start + 3000)])
        for start in range(0, 30_000, 3000)
    ]
    found = {
        name: times
        for name, times, _ in rows(engine.table(batches, ASKED).gather("account_id", counted, Counts, COUNTED))
    }
    assert found == dict(Counter(name for batch in batches for name in batch["account_id"].to_pylist()))


def test_what_was_kept_is_not_computed_anew(engine, table, tmp_path):
    def noted(batch):
        with (tmp_path / str(batch["number"][0].as_py())).open("a") as out:
            out.write("x")
        return batch

    kept = table.map(noted, ASKED).kept()
    assert rows(kept) == rows(kept)
    assert sum(len(path.read_text()) for path in tmp_path.iterdir()) == len(list(tmp_path.iterdir()))
    assert rows(engine.sql("SELECT count(*) AS n FROM those", those=kept)) == [(30,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            """SELECT account_id, count(*) AS n, CAST(sum(number) AS BIGINT) AS s FROM asked
            GROUP BY account_id HAVING max(number) > 27""",
            [("d", 6, 93), ("e", 6, 99)],
        ),
        ("SELECT account_id, number, name FROM asked JOIN names USING (account_id) WHERE number < 4", [("b", 1, "B")]),
        (
            """SELECT account_id, number FROM (SELECT account_id, number, row_number() OVER
            (PARTITION BY account_id ORDER BY number DESC) AS place FROM asked) AS ranked WHERE place = 1""",
            [("a", 25), ("b", 26), ("c", 27), ("d", 28), ("e", 29)],
        ),
        ("SELECT account_id, number FROM asked ORDER BY number DESC LIMIT 2", [("d", 28), ("e", 29)]),
        ("SELECT max(number) AS most, count(*) AS n FROM asked WHERE number > 99", [(None, 0)]),
    ],
)
def test_sql_says_the_same(engine, table, text, expected):
    names = pa.schema([("account_id", pa.string()), ("name", pa.string())])
    named = engine.table([pa.RecordBatch.from_pylist([{"account_id": "b", "name": "B"}], schema=names)], names)
    tables = {"asked": table} | ({"names": named} if "names" in text else {})
    assert rows(engine.sql(text, **tables)) == expected


def test_a_statement_over_a_statement(engine, table):
    degrees = engine.sql("SELECT account_id, count(*) AS n FROM asked GROUP BY account_id", asked=table)
    assert rows(engine.sql("SELECT max(n) AS most FROM degrees", degrees=degrees)) == [(6,)]
    assert degrees.schema.field("n").type == pa.int64()


KEYED = pa.schema([("key", pa.int64()), ("number", pa.int64())])


def keyed(pairs):
    return pa.RecordBatch.from_pylist([{"key": k, "number": n} for k, n in pairs], schema=KEYED)


def beside(left, right):
    both = (pc.sum(left["number"]).as_py(), pc.sum(right["number"]).as_py() or 0)
    return pa.RecordBatch.from_pylist([{"key": both[0], "number": both[1]}], schema=KEYED)


def test_a_cogroup_has_the_rows_of_both_sides_for_each_key_of_the_left(engine):
    left = engine.table([keyed([(1, 1), (2, 10)]), keyed([(1, 2), (4, 100)])], KEYED)
    right = engine.table([keyed([(1, 5), (3, 7), (1, 6)]), keyed([(4, 8)])], KEYED)
    assert rows(engine.cogroup("key", left, right, beside, KEYED)) == [(10, 0), (100, 8), (3, 11)]


@pytest.mark.parametrize("side", ["left", "right", "both"])
def test_a_cogroup_with_an_empty_side(engine, side):
    full, none = engine.table([keyed([(1, 1)])], KEYED), engine.table([], KEYED)
    left, right = none if side != "right" else full, none if side != "left" else full
    assert rows(engine.cogroup("key", left, right, beside, KEYED)) == ([(1, 0)] if side == "right" else [])


def test_an_empty_table_is_a_table(engine):
    empty = engine.table([], ASKED)
    assert empty.schema == ASKED
    assert rows(empty) == rows(empty.map(doubled, ASKED)) == rows(empty.kept()) == []
    assert empty.fold(total, Total).value == 0
    assert rows(empty.gather("account_id", counted, Counts, COUNTED)) == []
    assert rows(engine.sql("SELECT account_id FROM asked", asked=empty)) == []


PAIRS = st.lists(st.tuples(st.sampled_from(["a", "b", "", "ä"]), st.integers(-(2**40), 2**40)), max_size=30)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=PAIRS, cut=st.integers(0, 30))
def test_how_rows_are_cut_changes_no_sum(engine, pairs, cut):
    """Law 1: the sums of parts are the sum of the whole."""
    parts = engine.table([asked(pairs[:cut]), asked(pairs[cut:])], ASKED)
    whole = Counts()
    whole.absorb(counted(asked(pairs)))
    assert rows(parts.gather("account_id", counted, Counts, COUNTED)) == sorted(
        ((name, *sums) for name, sums in whole.rows.items()), key=repr
    )
    assert parts.fold(total, Total).value == sum(number for _, number in pairs)
