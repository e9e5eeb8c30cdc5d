import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.exchange.tokens.values import read


def test_one_value_a_line(tmp_path):
    path = tmp_path / "values.txt"
    path.write_text("\ufeff203.0.113.7\n\n  203.0.113.7:443 \n10.0.0.1\nnonsense\n2001:db8::1\n", encoding="utf-8")
    values = read(path, "address")
    assert values.items == {b"203.0.113.7": "203.0.113.7", b"2001:db8::/64": "2001:db8::1"}
    assert values.left_out == 2


def test_a_column_of_a_csv_or_parquet_file(tmp_path):
    columns = {"account_id": ["a", "b", "c"], "payment_fingerprint": ["pm_1", None, "pm,2"]}
    (tmp_path / "accounts.csv").write_text('account_id,payment_fingerprint\na,pm_1\nb,\nc,"pm,2"\n')
    pq.write_table(pa.table(columns), tmp_path / "accounts.parquet")
    for name in ("accounts.csv", "accounts.parquet"):
        values = read(tmp_path / name, "payment", column="payment_fingerprint")
        assert list(values.items.values()) == ["pm_1", "pm,2"]
        with pytest.raises(InputError, match="--column: account_id, payment_fingerprint"):
            read(tmp_path / name, "payment")
        with pytest.raises(InputError, match="no column card"):
            read(tmp_path / name, "payment", column="card")


def test_numbers_and_an_only_column_are_taken(tmp_path):
    pq.write_table(pa.table({"name": pa.array([7, 4294967295], pa.uint32())}), tmp_path / "shingles.parquet")
    assert list(read(tmp_path / "shingles.parquet", "shingle").items) == [b"\0\0\0\x07", b"\xff\xff\xff\xff"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"\xff\xfe", "not UTF-8"),
        ("a.csv", b"\xff\xfe", "not UTF-8"),
        ("a.csv", b"", "more than one column"),
        ("a.parquet", b"PAR1 no", "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as told:
        read(tmp_path / name, "payment")
    assert name in str(told.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "nothing.txt", "payment")
    (tmp_path / "lines.txt").write_text("x")
    with pytest.raises(InputError, match="one value a line"):
        read(tmp_path / "lines.txt", "payment", column="x")
