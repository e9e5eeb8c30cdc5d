"""What a plugin must do, as tests that its author runs.

    def test_our_reader():
        check_reader(OurGateway(), [{"prompt": "hello", "customer": "c1", "id": "r1", "at": "2026-03-01T12:00:00Z"}])

    def test_our_report(document):
        check_report(our_renderer, document)

The checks are plain assertions; pytest words them best when the test package calls
`pytest.register_assert_rewrite("stillwatch.testing")`.
"""

from collections.abc import Callable, Sequence

from stillwatch.reports.document import FindingsDocument
from stillwatch.traffic.readers import Reader
from stillwatch.traffic.rows import Record, Row, RowError, checked
from stillwatch.traffic.schema import REQUESTS

_FOREIGN: tuple[Record, ...] = ({}, {"level": "info", "message": "started"}, {"request_id": None, "time": [], "id": {}})
_REQUIRED = [column.name for column in REQUESTS if not column.nullable]


def check_reader(reader: Reader, records: Sequence[Record]) -> list[Row]:
    """Holds a reader to its contract.

    Args:
        reader: what the entry point in `stillwatch.readers` makes.
        records: records of its format that hold at least one request together.

    Returns:
        The rows that it read, checked against the schema, for assertions of the author's own.
    """
    assert reader.name, "a reader needs a name"
    assert all(reader.recognises(record) for record in records), "it does not recognise its own records"
    rows = [row for record in records for row in _read(reader, record)]
    assert rows, "it read no request"
    assert rows == [row for record in records for row in _read(reader, record)], "a second reading differs"
    for row in rows:
        unknown = row.keys() - set(REQUESTS.names)
        assert not unknown, f"columns that the schema does not have: {sorted(unknown)}"
        lacking = [name for name in _REQUIRED if row.get(name) is None]
        assert not lacking, f"columns that every request has: {lacking}"
    for record in _FOREIGN:
        assert not reader.recognises(record), f"it claims a record of something else: {record}"
        _read_or_reject(reader, record)
    return [checked(row, REQUESTS) for row in rows]


def _read(reader: Reader, record: Record) -> list[Row]:
    rows = list(reader.read(record))
    broken = [row for row in rows if isinstance(row, RowError)]
    assert not broken, f"it rejects a record of its own: {broken}"
    return [row for row in rows if not isinstance(row, RowError)]


def _read_or_reject(reader: Reader, record: Record) -> None:
    """A broken record may raise RowError and nothing else: anything else would end the scan."""
    try:
        list(reader.read(record))
    except RowError:
        return


def check_report(render: Callable[[FindingsDocument], str], document: FindingsDocument) -> str:
    """Holds a report renderer to its contract: a text, the same for the same document.

    Args:
        render: what the entry point in `stillwatch.reports` names.
        document: any findings, such as `stillwatch demo` writes.
    """
    text = render(document)
    assert isinstance(text, str), "a report is a text"
    assert text == render(document), "a second rendering differs"
    return text
