"""A Kafka topic of requests: a JSON object a message, in any format that is known (a collector's: `otlp_json`).

    source = Kafka("one:9092,two:9092/requests", folding)
    source = Kafka(address, folding, {"security.protocol": "SASL_SSL", ...})    # librdkafka's settings

How far it was read stands in the watch's own journal, beside what was folded, and not in the group at the brokers: so
nothing is folded twice after a crash. Brokers that go away are waited for. What the brokers deleted before it was read
is counted.
"""

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stillwatch.errors import ConfigError, InputError
from stillwatch.watch.model import Piece, Position
from stillwatch.watch.sources.folding import Folding, parsed

LOST, FAILED = "kafka_lost", "kafka_failed"

_TURN_SECONDS = 0.2
_PARTITIONS_SECONDS = 60.0  # until new partitions are looked for
_REACH_SECONDS = 10.0
_AT_ONCE = 2000  # messages
_SETTINGS = {
    "group.id": "stillwatch",  # the client wants one; nothing is kept under it
    "enable.auto.commit": False,
    "auto.offset.reset": "error",  # so that what is gone is counted
    "reconnect.backoff.max.ms": 5000,
    "log_level": 0,
}
#: What the client would print on its own; all that matters is counted.
_QUIET = logging.getLogger("stillwatch.kafka")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False
_VALUE = re.compile(r'value "[^"]*" ')


class Kafka:
    """One topic.

    Args:
        address: brokers, with commas between them, a slash and the topic.
        folding: in which formats.
        options: settings of librdkafka, such as those of TLS and SASL.

    Raises:
        ConfigError: the address is none, or an option is unknown or wrong.
    """

    def __init__(self, address: str, folding: Folding, options: Mapping[str, str] | None = None) -> None:
        brokers, slash, topic = address.rpartition("/")
        if not slash or not brokers or not topic:
            raise ConfigError("This is no BROKERS/TOPIC.", where=address, hint="Such as kafka:9092/requests.")
        self.name, self._topic, self._brokers, self._folding = f"kafka {topic}", topic, brokers, folding
        self._settings = dict(options or {}) | _SETTINGS | {"bootstrap.servers": brokers}
        self._counts: Counter[str] = Counter()
        self._closed = threading.Event()
        self._consumer().close()  # a wrong option is said at once

    def pieces(self, position: Position | None) -> Iterator[Piece | None]:
        """What is there and comes; see `watch.model.Source`.

        Raises:
            InputError: the brokers cannot be reached at the beginning, or have no such topic.
        """
        offsets = {int(partition): int(str(offset)) for partition, offset in (position or {}).items()}
        consumer = self._consumer()
        try:
            self._assign(consumer, offsets, self._partitions(consumer))
            looked = time.monotonic()
            while not self._closed.is_set():
                yield self._piece(consumer, consumer.consume(_AT_ONCE, _TURN_SECONDS), offsets)
                if time.monotonic() - looked > _PARTITIONS_SECONDS:
                    looked = time.monotonic()
                    self._look_again(consumer, offsets)
        finally:
            consumer.close()

    def release(self, position: Position) -> None:
        """Nothing: the brokers delete when they are told to."""

    def close(self) -> None:
        """End `pieces`."""
        self._closed.set()

    def _consumer(self) -> Consumer:
        try:
            return Consumer(self._settings | {"error_cb": self._failed}, logger=_QUIET)
        except KafkaException as error:
            raise ConfigError(f"{_words(error)}.", where="Kafka's options") from None

    def _failed(self, error: KafkaError) -> None:
        """The client goes on trying; of its many words one a failure counts."""
        if error.code() != KafkaError._TRANSPORT:  # noqa: SLF001 — the names of the client's own errors begin so
            self._counts[f"{FAILED}.{error.name()}"] += 1

    def _partitions(self, consumer: Consumer) -> list[int]:
        try:
            topic = consumer.list_topics(self._topic, timeout=_REACH_SECONDS).topics[self._topic]
        except KafkaException as error:
            raise InputError(f"Kafka cannot be reached ({_words(error)}).", where=self._brokers) from None
        if topic.error is not None:
            raise InputError(f"Kafka has no such topic for us ({topic.error.name()}).", where=self._topic)
        return sorted(topic.partitions)

    def _assign(self, consumer: Consumer, offsets: dict[int, int], partitions: Sequence[int]) -> None:
        for partition in partitions:
            offsets.setdefault(partition, 0)
        consumer.assign([TopicPartition(self._topic, p, offset) for p, offset in offsets.items() if p in partitions])

    def _look_again(self, consumer: Consumer, offsets: dict[int, int]) -> None:
        try:
            partitions = self._partitions(consumer)
        except InputError:
            self._counts[f"{FAILED}.partitions"] += 1
            return
        if set(partitions) - offsets.keys():
            self._assign(consumer, offsets, partitions)

    def _piece(self, consumer: Consumer, messages: Sequence[Message], offsets: dict[int, int]) -> Piece | None:
        contents = []
        for message in messages:
            partition, offset, error = message.partition(), message.offset(), message.error()
            if error is not None:
                self._broken(consumer, partition, error, offsets)
            elif partition is not None and offset is not None and offset >= offsets.get(partition, 0):
                offsets[partition] = offset + 1
                contents.append(message.value())
        counts, self._counts = tuple(self._counts.items()), Counter()
        if not contents and not counts:
            return None
        folded = self._folding.records(parsed(content) for content in contents if content is not None)
        place: Position = {str(partition): offset for partition, offset in offsets.items()}
        return Piece(self.name, place, folded.profiles, folded.requests, folded.rejected, counts=counts)

    def _broken(self, consumer: Consumer, partition: int | None, error: KafkaError, offsets: dict[int, int]) -> None:
        """A partition that cannot be read on: where its messages were deleted, it goes on at the first that is left."""
        self._counts[f"{FAILED}.{error.name()}"] += 1
        if error.code() != KafkaError._AUTO_OFFSET_RESET or partition is None:  # noqa: SLF001
            return
        try:
            left = consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=_REACH_SECONDS)
        except KafkaException:
            left = None
        if left is not None:
            self._counts[LOST] += max(0, left[0] - offsets[partition])
            offsets[partition] = left[0]
        self._assign(consumer, offsets, list(offsets))  # else the client would not ask for this partition again


def _words(error: KafkaException) -> str:
    """What is the matter; never an option's value."""
    cause = error.args[0]
    return _VALUE.sub("value ", cause.str()) if cause.code() == KafkaError._INVALID_ARG else str(cause.name())  # noqa: SLF001
