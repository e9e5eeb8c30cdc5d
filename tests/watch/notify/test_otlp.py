import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs

from stillwatch.watch.metrics import Metrics
from stillwatch.watch.notify.notifier import Notifier
from stillwatch.watch.notify.otlp import AT_ONCE

OVERWRITTEN = "xds-protos has put its older opentelemetry.proto in the place of opentelemetry-proto's"


@pytest.fixture
def notifier(settings, receiver):
    made = Notifier(settings(otlp=f"{receiver.url}/"), Metrics(), first_wait=0.02)
    yield made
    made.close()


def events(bodies):
    return [e for b in bodies for r in b["resourceLogs"] for s in r["scopeLogs"] for e in s["logRecords"]]


def attributes(record):
    return {each["key"]: next(iter(each["value"].values())) for each in record["attributes"]}


def test_every_new_account_is_an_evaluation(notifier, receiver, sample):
    notifier.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: receiver.bodies)
    assert receiver.requests[0][0] == "/v1/logs"
    records = events(receiver.bodies)
    assert [attributes(record)["user.id"] for record in records] == ["a1", "a2", "a3"]
    record = records[0]
    assert record["eventName"] == "gen_ai.evaluation.result"
    assert (record["severityText"], record["severityNumber"]) == ("high", 17)
    assert record["timeUnixNano"] == f"{int(sample.campaign().crossed_at.timestamp())}000000000"
    assert attributes(record) == {
        "gen_ai.evaluation.name": "stillwatch.campaign",
        "gen_ai.evaluation.score.value": 2.5,
        "gen_ai.evaluation.score.label": "high",
        "gen_ai.evaluation.explanation": "Member of campaign c-1 by text, sign-up.",
        "user.id": "a1",
        "stillwatch.campaign.id": "c-1",
        "stillwatch.campaign.bits": 10.0,
    }


@pytest.mark.skipif("scope_logs" not in ResourceLogs.DESCRIPTOR.fields_by_name, reason=OVERWRITTEN)
def test_opentelemetrys_own_messages_read_it(notifier, receiver, sample):
    notifier.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: receiver.bodies)
    request = json_format.ParseDict(receiver.bodies[0], ExportLogsServiceRequest())  # refuses what it does not know
    records = request.resource_logs[0].scope_logs[0].log_records
    assert [record.event_name for record in records] == ["gen_ai.evaluation.result"] * 3
    assert records[0].attributes[1].value.double_value == 2.5


def test_accounts_that_join_later_are_told_alone(notifier, receiver, sample):
    notifier.tell(sample.document(sample.campaign()))
    notifier.tell(sample.document(sample.campaign("c-2", accounts=("a1", "a2", "a3", "a4"))))
    assert sample.eventually(lambda: len(receiver.bodies) == 2)
    assert [attributes(record)["user.id"] for record in events(receiver.bodies[1:])] == ["a4"]


def test_many_go_in_several_requests(notifier, receiver, sample):
    accounts = tuple(f"a{n}" for n in range(2 * AT_ONCE + 1))
    notifier.tell(sample.document(sample.campaign(accounts=accounts)))
    assert sample.eventually(lambda: len(receiver.bodies) == 3)
    assert [len(events([body])) for body in receiver.bodies] == [AT_ONCE, AT_ONCE, 1]


def test_what_a_collector_rejects_is_counted_and_not_repeated(notifier, receiver, sample):
    receiver.answers = [(200, {}, b'{"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "no"}}')]
    notifier.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: notifier._metrics.value("notices", "otlp", "dropped") == 1)  # noqa: SLF001
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize("answer", [b"", b"[]", b"\xff", b"x" * 200_000, b'{"partialSuccess": {}}', b"[" * 50_000])
def test_an_answer_that_says_nothing_is_success(notifier, receiver, answer, sample):
    receiver.answers = [(200, {}, answer)]
    notifier.tell(sample.document(sample.campaign()))
    assert sample.eventually(lambda: notifier._metrics.value("notices", "otlp", "sent") == 1)  # noqa: SLF001
