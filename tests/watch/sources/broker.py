"""A broker to be stopped and killed: the one that librdkafka brings for its own tests, in a process of its own.

    python broker.py PARTITIONS

Prints its address, then takes commands of one JSON object each: {"topic", "partition", "values": [...]}.
"""

import json
import sys

from confluent_kafka import Producer

producer = Producer(
    {
        "test.mock.num.brokers": 1,
        "bootstrap.servers": "none",
        "topic.metadata.refresh.interval.ms": 500,
        "log_level": 0,
    }
)
broker = next(iter(producer.list_topics("requests", timeout=30).brokers.values()))
print(f"{broker.host}:{broker.port}", flush=True)  # noqa: T201
for line in sys.stdin:
    command = json.loads(line)
    for value in command["values"]:
        content = None if value is None else value.encode("latin-1")
        producer.produce(command["topic"], content, partition=command["partition"])
        producer.poll(0)
    left = producer.flush(30)
    print(left, flush=True)  # noqa: T201
