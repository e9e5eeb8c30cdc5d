"""`exchange statistics` on a store of its own."""

import json
import uuid

import click
import pytest

from stillwatch.cli import boundary
from stillwatch.cli.exchange_statistics import TOPICS, command
from stillwatch.exchange.model import Collection, Level, Member, NewRecord, Right, Root
from stillwatch.exchange.statistics.periods import Month
from stillwatch.exchange.statistics.topics import TOPICS as COUNTED
from stillwatch.exchange.store.store import Store


@pytest.fixture
def db(tmp_path):
    """A forum of four members, each with five indicators in January 2026."""
    store = Store.open(str(tmp_path / "forum.sqlite"), create=True, clock=lambda: Month(2026, 1).start)
    store.add_root(Root("forum", "The forum"))
    place = Collection(str(uuid.uuid4()), "forum", "Indicators")
    store.add_collection(place)
    for name in "abcd":
        rights = {place.id: Right(read=True, write=True)}
        store.add_member(Member(name, f"identity--{uuid.uuid4()}", "oauth"), None, rights)
        made = [_indicator(place.id, name) for _ in range(5)]
        store.add("forum", name, lambda _, made=made: (made, []))
    store.close()
    return str(tmp_path / "forum.sqlite")


def _indicator(place, name):
    obj = {"type": "indicator", "id": f"indicator--{uuid.uuid4()}", "pattern_type": "stix"}
    return NewRecord(
        collection=place,
        id=obj["id"],
        version="2026-01-01T00:00:00.000000Z",
        type="indicator",
        spec_version="2.1",
        level=Level.AMBER,
        publisher=name,
        origin=place,
        body=json.dumps(obj).encode(),
    )


@pytest.fixture
def run(capsys):
    """Runs it, and gives the exit code, standard output and standard error."""
    group = click.Group("stillwatch", {"statistics": command})

    def told(*args):
        code = boundary.run(group, ["statistics", *args])
        return code, *capsys.readouterr()

    return told


QUESTION = ("--root", "forum", "--topic", "indicators", "--period", "2026-01")


def test_a_report_is_the_same_when_it_is_asked_again(db, run):
    code, out, _ = run("--db", db, *QUESTION, "--json")
    again = run("--db", db, *QUESTION, "--json")
    assert (code, out, "") == again
    report = json.loads(out)
    assert (report["topic"], report["epsilon"]) == ("indicators", 0.5)
    assert report["cells"]["stix"] is not None
    assert report["cells"]["cadence"] is None


def test_all_reports_and_what_is_left(db, run):
    run("--db", db, *QUESTION)
    code, out, _ = run("--db", db, "--root", "forum")
    assert code == 0
    assert "left of 2026Q1: 3.5" in out


def test_a_quarter_without_a_topic_is_all_that_may_be_told_of_it(db, run):
    code, out, err = run("--db", db, "--root", "forum", "--period", "2026Q1", "--json")
    assert code == 0
    assert [(each["topic"], each["period"]) for each in json.loads(out)["answers"]] == [("indicators", "2026Q1")]
    assert err.count("Fewer than 3 members") == 3


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("--root", "nowhere"), 2, "no root"),
        (("--root", "forum", "--topic", "indicators"), 2, "--period"),
        (("--root", "forum", "--topic", "indicators", "--period", "January"), 2, "period"),
        (("--root", "forum", "--topic", "campaigns", "--period", "2026-01"), 4, "Fewer than 3 members"),
    ],
)
def test_mistakes_are_one_line(db, run, args, code, says):
    found, out, err = run("--db", db, *args)
    assert (found, out) == (code, "")
    assert says in err
    assert err.count("\n") == 1


def test_its_topics_are_those_that_are_counted():
    assert tuple(COUNTED) == TOPICS
