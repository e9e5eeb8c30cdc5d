"""The contract tests pass the built-in readers and reports, and fail what breaks the contract."""

from datetime import UTC, datetime
from itertools import count

import pytest

from stillwatch.campaigns.findings import Findings, Inputs
from stillwatch.reports.document import dumps, to_document
from stillwatch.testing import check_reader, check_report
from stillwatch.traffic.readers.native import Native

RECORD = {"request_id": "r1", "time": "2026-03-01T12:00:00Z", "account_id": "a1"}


class Ours:
    """A reader as a plugin would bring it."""

    name = "ours"

    def recognises(self, record):
        return "customer" in record

    def read(self, record):
        yield {"request_id": record.get("id"), "time": "2026-03-01T12:00:00Z", "account_id": record.get("customer")}


class Greedy(Ours):
    def recognises(self, record):  # noqa: ARG002
        return True


class Fragile(Ours):
    def read(self, record):
        yield {"request_id": record["id"], "time": "2026-03-01T12:00:00Z", "account_id": record["customer"]}


class Inventive(Ours):
    def read(self, record):
        yield from ({**row, "mood": "good"} for row in super().read(record))


def test_the_native_reader_keeps_the_contract():
    assert check_reader(Native(), [RECORD])[0]["account_id"] == "a1"


def test_a_plugins_reader_can_keep_it():
    assert check_reader(Ours(), [{"customer": "c1", "id": "r1"}])[0]["request_id"] == "r1"


@pytest.mark.parametrize(
    ("reader", "error", "says"),
    [
        (Greedy(), AssertionError, "claims a record of something else"),
        (Fragile(), KeyError, "id"),
        (Inventive(), AssertionError, "the schema does not have"),
    ],
)
def test_what_breaks_the_contract_fails(reader, error, says):
    with pytest.raises(error, match=says):
        check_reader(reader, [{"customer": "c1", "id": "r1"}])


def test_a_reader_that_does_not_know_its_own_records_fails():
    with pytest.raises(AssertionError, match="does not recognise its own"):
        check_reader(Ours(), [{"id": "r1"}])


def test_a_report_is_a_text_and_always_the_same():
    now, drawn = datetime(2026, 3, 1, tzinfo=UTC), count()
    document = to_document(Findings(now, now, (), Inputs(1, 1, 1, 0, sign_up=False, notes=())))
    assert check_report(dumps, document) == dumps(document)
    with pytest.raises(AssertionError, match="a second rendering differs"):
        check_report(lambda _: str(next(drawn)), document)
