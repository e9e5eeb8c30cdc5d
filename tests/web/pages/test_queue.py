import csv
import html
import io

import pytest

from stillwatch.errors import InputError
from stillwatch.web import search
from stillwatch.web.asking import Invalid
from stillwatch.web.pages import queue
from stillwatch.web.store.events import Assigned, Reviewed

POOL, EACH, TEAM = "c-3f9a1b72", "c-b07e55d1", "c-91c4e0aa"


def ids(page):
    return [row.id for row in page.view.page.rows]


def chosen(links):
    return [link.label for link in links if link.chosen]


def test_it_begins_with_what_is_open(asked, console):
    review = Reviewed("rejected", "one team", TEAM)
    console.store.record(TEAM, review, who="ana", now=console.clock())
    page = queue.queue(asked(path="/cases"))
    assert ids(page) == [POOL, EACH]
    assert (page.view.typed, chosen(page.view.tabs)) == ("status:open", ["Open"])
    assert ids(queue.queue(asked(path="/cases", query={"q": ""}))) == [POOL, EACH, TEAM]


def test_mine_is_what_i_have(asked, console):
    console.store.record(EACH, Assigned("ana"), who="ben", now=console.clock())
    page = queue.queue(asked(name="ana", path="/cases"))
    mine = next(link for link in page.view.tabs if link.label == "Mine")
    assert ids(queue.queue(asked(name="ana", path="/cases", query={"q": mine.search}))) == [EACH]


@pytest.mark.parametrize("name", ["Ana Ng", 'Ana "the" Ng', 'a" foo:bar', "sort:x", "\u202e"])
def test_whatever_somebody_is_called_the_queue_is_there(asked, name):
    assert ids(queue.queue(asked(name=name, path="/cases"))) == [POOL, EACH, TEAM]


def test_each_facet_adds_a_condition_and_takes_it_away(asked):
    page = queue.queue(asked(path="/cases", query={"q": "status:open sort:-accounts"}))
    links = dict(page.view.facets)["severity"]
    for link in links:
        narrowed = queue.queue(asked(path="/cases", query={"q": link.search}))
        assert len(ids(narrowed)) == link.cases
        assert narrowed.view.sort == "-accounts"
        again = next(each for each in dict(narrowed.view.facets)["severity"] if each.label == link.label)
        assert again.chosen
        assert again.search == page.view.search


def test_the_order_turns_when_it_is_asked_for_again(asked):
    page = queue.queue(asked(path="/cases", query={"q": ""}))
    falling = queue.queue(asked(path="/cases", query={"q": page.view.sorted_by("requests")}))
    rising = queue.queue(asked(path="/cases", query={"q": falling.view.sorted_by("requests")}))
    assert (falling.view.sort, rising.view.sort) == ("-requests", "requests")
    assert ids(falling) == ids(rising)[::-1]


def test_pages_follow_each_other(asked, monkeypatch):
    monkeypatch.setattr(queue, "ROWS", 2)
    first = queue.queue(asked(path="/cases", query={"q": ""}))
    second = queue.queue(asked(path="/cases", query={"q": "", "after": first.view.page.next}))
    assert [*ids(first), *ids(second)] == [POOL, EACH, TEAM]
    assert (first.view.first, second.view.first, second.view.page.next) == (True, False, None)
    with pytest.raises(Invalid):
        queue.queue(asked(path="/cases", query={"after": "nonsense"}))


def test_a_search_that_cannot_be_read_is_kept_and_corrected(running):
    with running.signed_in() as client:
        answer = client.get("/cases", params={"q": 'severty:high "<b>'})
        assert answer.status_code == 422
        assert 'value="severty:high &#34;&lt;b&gt;"' in answer.text
        assert "<b>" not in answer.text
        assert "Did you mean severity?" in client.get("/cases", params={"q": "severty:high"}).text
        assert client.get("/cases.json", params={"q": "severty:high"}).status_code == 422


def test_data_that_cannot_be_searched_is_an_error(asked):
    page = asked(path="/cases", query={"q": "severty:high"})
    object.__setattr__(page, "suffix", "json")
    with pytest.raises(InputError):
        queue.queue(page)


def test_every_row_is_in_the_csv(running, monkeypatch):
    monkeypatch.setattr(queue, "ROWS", 1)
    with running.signed_in("viewer") as client:
        rows = list(csv.DictReader(io.StringIO(client.get("/cases.csv?q=sort:-accounts").text)))
        assert [row["id"] for row in rows] == [EACH, POOL, TEAM]
        assert rows[1]["requests"] == "48210"
        assert client.get("/cases.json?q=").json()["page"]["total"] == 3


def test_the_beginning_is_the_queue(running):
    with running.signed_in("viewer") as client:
        answer = client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/cases")


def test_every_example_of_the_help_can_be_searched(running):
    with running.signed_in("viewer") as client:
        page = html.unescape(client.get("/cases").text)
    examples = page.split('<dl class="help">')[1].split("</dl>")[0].split("<dt>")[1:]
    words = [example.split("</dt>")[0] for example in examples]
    assert len(words) >= 12
    for each in words:
        assert search.parse(each).text or each.startswith("sort:")
    assert {word.partition(":")[0] for word in words} >= {"severity", "family", "status", "assignee", "since", "has"}
