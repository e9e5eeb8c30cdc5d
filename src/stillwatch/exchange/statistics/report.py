"""The question: one topic of one closed month or quarter.

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
from stillwatch.exchange.statistics.ledger import EPSILON, QUARTER_EPSILON, Answer, Ledger
from stillwatch.exchange.statistics.periods import Period, Quarter
from stillwatch.exchange.statistics.topics import Topic
from stillwatch.exchange.store.store import Store
from stillwatch.exchange.trust.audit import auditor, records
from stillwatch.exchange.trust.register import roster

DOCUMENT = "statistics"

#: Members without whom nothing is said, of a report and of each of its cells.
FEWEST = 3


@dataclass(frozen=True)
class Question:
    """One topic of one month or quarter."""

    topic: Topic
    period: Period

    def __str__(self) -> str:
        return f"{self.topic.name} of {self.period}"

    @property
    def epsilon(self) -> float:
        """What an answer costs."""
        return QUARTER_EPSILON if isinstance(self.period, Quarter) else EPSILON

    @property
    def clip(self) -> int:
        """Objects that one member adds at most, over all cells together."""
        return self.topic.clip * self.period.months


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
    scale = question.clip / question.epsilon
    clipped = [noise.clipped(counts, question.clip) for counts in tallies.values()]
    noisy = draw([sum(counts.get(cell, 0) for counts in clipped) for cell in topic.cells], scale)
    members = Counter(cell for counts in tallies.values() for cell in counts)
    cells = {
        cell: noise.magnitude(count) if members[cell] >= FEWEST else None
        for cell, count in zip(topic.cells, noisy, strict=True)
    }
    return Answer(
        topic=topic.name,
        period=str(question.period),
        epsilon=question.epsilon,
        within=noise.within(scale),
        cells=cells,
    )


def ask(store: Store, root: str, question: Question, now: int, draw: noise.Noise = noise.discrete_laplace) -> Answer:
    """Answers as before, or makes the report, spends its budget and keeps it.

    Args:
        store: where the objects and the ledger are.
        root: the root's name.
        question: about a month or quarter that is over.
        now: the exchange's time, in microseconds.
        draw: the noise.

    Raises:
        ConfigError: the time is not over.
        PrivacyError: the quarter's budget is spent, or fewer than three members have anything to it.
    """
    topic, about = question.topic, question.period
    if about.end > now:
        raise ConfigError("A month or a quarter can be asked for when it is over.", where=str(about))
    if earlier := ledger(store, root).found(topic.name, about):
        return earlier
    made = answer(question, tally(topic, _published(store, root, question)), draw)

    def kept(document: object) -> object:
        """Another process may have answered meanwhile: then that is the answer."""
        known = _read(document)
        return (known if known.found(topic.name, about) else known.spend(made)).model_dump(mode="json")

    return _read(store.change_document(root, DOCUMENT, kept)).found(topic.name, about) or made


def ledger(store: Store, root: str) -> Ledger:
    """What was answered of a root, and so what is left of its budgets."""
    return _read(store.get_document(root, DOCUMENT))


def _read(document: object) -> Ledger:
    return Ledger() if document is None else Ledger.model_validate(document)


def _published(store: Store, root: str, question: Question) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects whose first version came in that time, each with its party."""
    parties, names = roster(store, root).party, {member.name: member.identity for member in store.members()}
    collections = store.collections(root)
    reader = auditor({each.id: Right(read=True, write=False, level=Level.AMBER_STRICT) for each in collections})
    asked = Query(added_after=question.period.start - 1, types=(question.topic.type,), versions="first")
    for collection in collections:
        for record in records(store, reader, collection, asked):
            if record.date_added >= question.period.end:
                break
            yield parties(names.get(record.publisher, record.publisher)), json.loads(record.body)
