from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stillwatch.web.history import history
from stillwatch.web.store.events import Assigned, Event, Noted, Reviewed
from stillwatch.web.store.model import Version

NOW = datetime(2026, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LOG = "in the log to 30 Sep 2026"
OLD = Version("c-1", "medium", 12.0, ("text",), 40, 900, 10, NOW, NOW, NOW, scanned_at=NOW - DAY, taken_at=NOW)


def test_scans_and_people_stand_in_one_list():
    new = replace(OLD, severity="high", bits=10.5, accounts=1042, taken_at=NOW + 2 * DAY)
    events = (
        Event(1, "c-1", "ana", NOW + DAY, Noted("two\nlines")),
        Event(2, "c-1", "ben", NOW + 3 * DAY, Reviewed("rejected", "a class", "c-1")),
        Event(3, "c-1", "ben", NOW + 4 * DAY, Assigned("ana")),
    )
    lines = history((new, OLD), events)
    assert [(line.who, line.says, line.text) for line in lines] == [
        ("ben", "gave it to ana", ""),
        ("ben", "judged it rejected", "a class"),
        ("", f"Found again {LOG}: 10.5 bits (\N{MINUS SIGN}1.5), 1,042 accounts (+1,002), high, before medium.", ""),
        ("ana", "wrote a note", "two\nlines"),
        ("", f"First found {LOG}: 12.0 bits, 40 accounts, medium.", ""),
    ]
    assert [line.event for line in lines] == [3, 2, None, 1, None]


def test_of_two_at_once_the_later_entry_is_first():
    events = tuple(Event(number, "c-1", "ana", NOW, Noted(str(number))) for number in (1, 2, 3))
    assert [line.text for line in history((), events)] == ["3", "2", "1"]
