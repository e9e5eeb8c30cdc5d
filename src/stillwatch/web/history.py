"""The history of a case: what scans found and what people did, newest first.

for line in history(case.versions, case.events): ...
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stillwatch.reports.wording import count, day
from stillwatch.web.store.events import Body, Event, Noted
from stillwatch.web.store.model import Version


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    at: datetime
    says: str
    who: str = ""  # empty: a scan
    text: str = ""  # a note, a reason
    event: int | None = None


def history(versions: Sequence[Version], events: Sequence[Event]) -> tuple[Line, ...]:
    """Both in one list.

    Args:
        versions: newest first.
        events: oldest first.
    """
    older = (*versions, None)[1:]
    scans = [_scanned(new, old) for new, old in zip(versions, older, strict=True)]
    people = [Line(each.at, each.body.says, each.who, _words(each.body), each.number) for each in reversed(events)]
    return tuple(sorted([*people, *scans], key=lambda line: line.at, reverse=True))


def _words(body: Body) -> str:
    return body.text if isinstance(body, Noted) else str(getattr(body, "reason", ""))


def _scanned(new: Version, old: Version | None) -> Line:
    """What a scan changed, and when the console heard of it: one log may be scanned twice."""
    log = f"in the log to {day(new.scanned_at)}"
    bits, size = f"{new.bits:.1f} bits", count(new.accounts, "account")
    if old is None:
        return Line(new.taken_at, f"First found {log}: {bits}, {size}, {new.severity}.")
    changed = [
        f"{bits} ({_signed(new.bits - old.bits, '.1f')})",
        f"{size} ({_signed(new.accounts - old.accounts, ',')})",
        *([f"{new.severity}, before {old.severity}"] if new.severity != old.severity else []),
    ]
    return Line(new.taken_at, f"Found again {log}: {', '.join(changed)}.")


def _signed(number: float, form: str) -> str:
    return f"{number:+{form}}".replace("-", "\N{MINUS SIGN}")
