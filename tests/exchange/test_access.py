import itertools

import pytest
from sqlalchemy import column, create_engine, literal, select

from stillwatch.exchange.access import may_delete, may_read, may_write, readable
from stillwatch.exchange.model import Level, Member, Principal, Record, Right

HERE, THERE = "here", "there"


def principal(**rights):
    return Principal(Member("ana", "identity--a", "oauth"), rights)


def record(level=Level.AMBER, publisher="ben", origin=HERE):
    return Record("indicator--1", "", 1, "indicator", "2.1", level, publisher, origin, b"{}")


FULL = Right(read=True, write=True, level=Level.AMBER_STRICT)
CASES = [
    (principal(here=FULL), record(), True),
    (principal(here=FULL), record(Level.AMBER_STRICT), True),
    (principal(here=FULL), record(Level.RED), False),
    (principal(here=FULL), record(Level.RED, publisher="ana"), True),
    (principal(), record(Level.CLEAR), False),
    (principal(), record(Level.CLEAR, publisher="ana"), False),
    (principal(there=FULL), record(), False),
    (principal(here=Right(read=False, write=True)), record(Level.CLEAR), False),
    (principal(here=Right(read=False, write=True)), record(publisher="ana"), False),
    (principal(here=FULL), record(origin=THERE), False),
    (principal(here=FULL, there=FULL), record(origin=THERE), True),
    (principal(here=FULL, there=Right(read=False, write=True)), record(origin=THERE), False),
    (principal(here=FULL, there=Right(read=True, write=False, level=Level.GREEN)), record(origin=THERE), False),
    (principal(here=Right(read=True, write=False, level=Level.CLEAR), there=FULL), record(origin=THERE), True),
    (principal(here=Right(read=True, write=False, level=Level.RED)), record(Level.RED), True),
]


@pytest.mark.parametrize(("who", "what", "may"), CASES)
def test_who_reads_what(who, what, may):
    assert may_read(who, HERE, what) is may


def test_the_same_in_sql_for_every_right_marking_origin_and_publisher():
    rights = [None, *(Right(read, write=False, level=level) for read in (True, False) for level in Level)]
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        for here, there in itertools.product(rights, rights):
            given = {name: right for name, right in ((HERE, here), (THERE, there)) if right}
            who = principal(**given)
            records = [
                record(level, publisher, origin)
                for level, publisher, origin in itertools.product(Level, ("ana", "ben"), (HERE, THERE, "nowhere"))
            ]
            rows = [
                select(
                    literal(number).label("number"),
                    literal(int(each.level)).label("level"),
                    literal(each.publisher).label("publisher"),
                    literal(each.origin).label("origin"),
                )
                for number, each in enumerate(records)
            ]
            table = rows[0].union_all(*rows[1:]).subquery()
            found = set(connection.scalars(select(table.c.number).where(readable(who, HERE, table.c))))
            assert found == {number for number, each in enumerate(records) if may_read(who, HERE, each)}
    engine.dispose()


def test_a_collection_that_may_not_be_read_is_not_even_looked_at():
    assert str(readable(principal(there=FULL), HERE, select(column("level")).subquery().c)) == "false"


def test_who_writes_and_deletes():
    who = principal(here=FULL, there=Right(read=True, write=False))
    assert may_write(who, HERE)
    assert not may_write(who, THERE)
    assert not may_write(who, "nowhere")
    assert may_delete(who, HERE, record(publisher="ana"))
    assert not may_delete(who, HERE, record())
    assert not may_delete(who, THERE, record(publisher="ana", origin=THERE))
    assert not may_delete(principal(here=Right(read=False, write=True)), HERE, record(publisher="ana"))
