"""The question: one topic of one closed month.

    answer = ask(store, "forum", Question(TOPICS["indicators"], Month(2026, 10)), now)

Reads the store as somebody who sees all but TLP:RED, which is between two members and is counted nowhere.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.errors import ConfigError, PrivacyError
from stillwatch.exchange.model import Level, Query, Right
from stillwatch.exchange.statistics import noise
from stillwatch.exchange.statistics.ledger import EPSILON, Answer, Ledger
from stillwatch.exchange.statistics.months import Month
from stillwatch.exchange.statistics.topics import Topic
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.trust.audit import auditor, records
from stillwatch.exchange.trust.register import roster

DOCUMENT = "statistics"

#: Members without whom nothing is said, of a report and of each of its cells.
FEWEST = 3


@dataclass(frozen=True)
class Question:
    """One topic of one month."""

    topic: Topic
    month: Month

    def __str__(self) -> str:
        return f"{self.topic.name} of {self.month}"


Tallies = Mapping[str, Mapping[str, int]]  # counts by cell, by party


def tally(topic: Topic, published: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Counter[str]]:
    """Counts the objects of each party, each object once.

    Args:
        topic: what is counted.
        published: objects, each with the party whose member published it.
    """
    found: dict[str, dict[str, str]] = {}
    for party, obj in published:
        if obj["type"] == topic.type and (cell := topic.cell(obj)) in topic.cells:
            found.setdefault(party, {})[obj["id"]] = cell
    return {party: Counter(cells.values()) for party, cells in found.items()}


def answer(question: Question, tallies: Tallies, draw: noise.Noise = noise.discrete_laplace) -> Answer:
    """Makes one report, drawing its noise.

    Raises:
        PrivacyError: fewer than three members published anything that it counts.
    """
    if len(tallies) < FEWEST:
        raise PrivacyError(f"Fewer than {FEWEST} members have anything to this.", where=str(question))
    topic = question.topic
    scale = topic.clip / EPSILON
    clipped = [noise.clipped(counts, topic.clip) for counts in tallies.values()]
    noisy = draw([sum(counts.get(cell, 0) for counts in clipped) for cell in topic.cells], scale)
    members = Counter(cell for counts in tallies.values() for cell in counts)
    cells = {
        cell: noise.magnitude(count) if members[cell] >= FEWEST else None
        for cell, count in zip(topic.cells, noisy, strict=True)
    }
    return Answer(topic=topic.name, month=str(question.month), epsilon=EPSILON, within=noise.within(scale), cells=cells)


def ask(store: Store, root: str, question: Question, now: int, draw: noise.Noise = noise.discrete_laplace) -> Answer:
    """Answers as before, or makes the report, spends its budget and keeps it.

    Args:
        store: where the objects and the ledger are.
        root: the root's name.
        question: about a month that is over.
        now: the exchange's time, in microseconds.
        draw: the noise.

    Raises:
        ConfigError: the month is not over.
        PrivacyError: the quarter's budget is spent, or fewer than three members have anything to it.
    """
    topic, month = question.topic, question.month
    if month.end > now:
        raise ConfigError("A month can be asked for when it is over.", where=str(month))
    if earlier := ledger(store, root).found(topic.name, month):
        return earlier
    made = answer(question, tally(topic, _published(store, root, question)), draw)

    def kept(document: object) -> object:
        """Another process may have answered meanwhile: then that is the answer."""
        known = _read(document)
        return (known if known.found(topic.name, month) else known.spend(made)).model_dump(mode="json")

    return _read(store.change_document(root, DOCUMENT, kept)).found(topic.name, month) or made


def ledger(store: Store, root: str) -> Ledger:
    """What was answered of a root, and so what is left of its budgets."""
    return _read(store.get_document(root, DOCUMENT))


def _read(document: object) -> Ledger:
    return Ledger() if document is None else Ledger.model_validate(document)


def _published(store: Store, root: str, question: Question) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects whose first version came in that month, each with its party."""
    parties, names = roster(store, root).party, {member.name: member.identity for member in store.members()}
    collections = store.collections(root)
    reader = auditor({each.id: Right(read=True, write=False, level=Level.AMBER_STRICT) for each in collections})
    asked = Query(added_after=question.month.start - 1, types=(question.topic.type,), versions="first")
    for collection in collections:
        for record in records(store, reader, collection, asked):
            if record.date_added >= question.month.end:
                break
            yield parties(names.get(record.publisher, record.publisher)), json.loads(record.body)
