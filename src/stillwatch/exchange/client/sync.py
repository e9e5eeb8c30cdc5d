"""Saying what is approved, and hearing what is new.

    summary = sync(session, state, judged=Judged(findings.campaigns, reviews.became), now=now, tell=progress)

In this order: the exchange's log must have grown from what was seen of it; what is approved is sent; each collection is
read from its checkpoint on, each page checked, then kept and covered in one transaction; how far each contributor's
word carries is asked; what our people judged is answered; the log's head is cosigned. Where one step fails the others
are still done, and the summary tells; only a log that was rewritten ends it all.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from stillwatch.errors import StillwatchError
from stillwatch.exchange.client import publishing
from stillwatch.exchange.client.answers import Ground, Judged, answers
from stillwatch.exchange.client.checking import checked, retracted
from stillwatch.exchange.client.extension import Extension, speaker
from stillwatch.exchange.client.mirror import Delivery, SetAside, Source, Taken
from stillwatch.exchange.client.paging import Page
from stillwatch.exchange.client.session import Session, Voice, signing_key
from stillwatch.exchange.client.state import State
from stillwatch.exchange.client.taxii import Collection

#: A foreign server may show an object after others with a later date (it takes the time before it commits): what was
#: added within the last minute is asked for again.
OVERLAP = 60_000_000  # microseconds

Tell = Callable[[str, float], None]


@dataclass
class Read:
    """What came of one collection."""

    title: str
    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    set_aside: dict[str, str] = field(default_factory=dict)  # id: why

    def add(self, taken: Taken) -> None:
        """Adds what a page changed."""
        self.new |= taken.new
        self.changed |= taken.changed - self.new
        self.withdrawn |= taken.withdrawn
        self.set_aside |= {each.id: each.reason for each in taken.set_aside}


@dataclass
class Summary:
    """What a sync did."""

    exchange: str
    vouched: bool  # signatures, receipts and a log; False: a server that keeps to TAXII alone
    sent: list[publishing.Sent] = field(default_factory=list)
    read: list[Read] = field(default_factory=list)
    answered: int = 0
    log_size: int | None = None
    cosigned: bool = False
    problems: list[tuple[str, StillwatchError]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0, or that of the gravest problem."""
        return max((error.exit_code for _, error in self.problems), default=0)

    @property
    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "exchange": self.exchange,
            "vouched": self.vouched,
            "sent": [vars(each) for each in self.sent],
            "read": [
                {
                    "collection": each.title,
                    "new": sorted(each.new),
                    "changed": sorted(each.changed),
                    "withdrawn": sorted(each.withdrawn),
                    "set_aside": [{"id": name, "why": why} for name, why in sorted(each.set_aside.items())],
                }
                for each in self.read
            ],
            "answered": self.answered,
            "log": {"size": self.log_size, "cosigned": self.cosigned},
            "problems": [{"step": step, "what": str(error)} for step, error in self.problems],
        }


def sync(  # noqa: PLR0913 — where, with what, of what, when, how far back, and who is told
    session: Session,
    state: State,
    *,
    judged: Judged | None = None,
    now: datetime,
    anew: bool = False,
    tell: Tell = lambda *_: None,
) -> Summary:
    """Syncs with one API root.

    Args:
        session: where, and as whom.
        state: what is known.
        judged: what our people made of others' indicators, without the grounds, which the state remembers.
        now: when.
        anew: read from the beginning, as rights that were given later let older objects appear; what is here stays.
        tell: told the stage and how far it is, 0 to 1.

    Raises:
        TrustError: the exchange's log was rewritten, or its key is another: nothing was read.
        ConfigError: a setting is wrong.
    """
    key = signing_key(session.config)
    extension = Extension.of(session, state)
    summary = Summary(session.root.url, vouched=extension is not None)
    if extension:
        tell("checking the log", 0.0)
        extension.witness.look(extension.directory)
        summary.log_size = extension.witness.size
    voice = speaker(session.config, extension)
    with _step(summary, "sending"):
        summary.sent += publishing.send(session, state)
    for collection in session.to_read():
        read = Read(collection.title)
        summary.read.append(read)
        with _step(summary, f"reading {collection.title}"):
            for page in _pages(session, state, collection, extension, anew=anew):
                read.add(page)
                tell(f"reading {collection.title}", 0.0)
    if extension:
        with _step(summary, "contributors"):
            extension.remember_contributors()
    with _step(summary, "answering"):
        summary.answered = _answer(session, state, voice, judged or Judged(), now)
    if extension and key and voice:
        with _step(summary, "cosigning"):
            extension.witness.cosign(key, name=voice.identity, now=now)
            summary.cosigned = True
    return summary


@contextmanager
def _step(summary: Summary, name: str) -> Iterator[None]:
    try:
        yield
    except StillwatchError as error:
        summary.problems.append((name, error))


def _pages(
    session: Session, state: State, collection: Collection, extension: Extension | None, *, anew: bool
) -> Iterator[Taken]:
    source = Source(collection.url, session.root.url, collection.title)
    after = None if anew else state.mirror.covered(source)
    overlap = 0 if extension else OVERLAP
    for page in session.taxii.pages(collection, after=after, overlap=overlap, limit=session.config.page_size):
        yield state.mirror.take(source, _delivery(page, state, source, collection, extension))


def _delivery(
    page: Page, state: State, source: Source, collection: Collection, extension: Extension | None
) -> Delivery:
    vouched = extension.vouched(collection, page) if extension else None
    ids = [each["id"] for each in page.objects if isinstance(each, dict) and isinstance(each.get("id"), str)]
    imported, aside = checked(page.objects, vouched, state.mirror.publishers(source.root, ids))
    if page.left_out:
        aside += (SetAside(f"unreadable--{page.covered}", page.covered or 0, page.left_out),)
    withdrawn = retracted(imported) if extension and extension.retracts(collection) else frozenset()
    return Delivery(imported, aside, withdrawn, page.covered)


def _answer(session: Session, state: State, voice: Voice | None, judged: Judged, now: datetime) -> int:
    if session.config.feedback == "off" or voice is None:
        return 0
    root = session.root.url
    others = {each.object["id"]: each.object for each in state.mirror.in_force(now) if each.publisher != voice.identity}
    before = {each.object["id"]: each.object for each in state.outbox.said()}
    too_wide = json.loads(state.document(f"too wide {root}") or "[]")
    judged = replace(judged, grounds=_grounds(state, root))
    said = answers(judged, others, teller=voice.identity, before=before, now=now, too_wide=too_wide)
    told = {
        each: Ground.of(found.review) for each, found in judged.standing().items() if each in others and found.review
    }
    with state.transaction():
        if said:
            publishing.answer(state, said, voice=voice, now=now)
        state.remember(f"grounds {root}", _written({**judged.grounds, **told}))
    if said:
        publishing.send(session, state)
    return len(said)


def _grounds(state: State, root: str) -> dict[str, Ground]:
    """The verdicts that were told last, by indicator."""
    told = json.loads(state.document(f"grounds {root}") or "{}")
    return {each: Ground(author, datetime.fromisoformat(at)) for each, (author, at) in told.items()}


def _written(grounds: Mapping[str, Ground]) -> str:
    return json.dumps({each: [ground.author, ground.at.isoformat()] for each, ground in grounds.items()})
