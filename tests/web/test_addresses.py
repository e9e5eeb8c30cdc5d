"""Names of others in paths: every page of a case is reached whatever its id holds."""

import html
import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.web.addresses import name, segment
from stillwatch.web.store import intake

ODD = (
    "c-1/2",
    "../c-1",
    "..",
    "c-1.json",
    "c-1?q=x#y",
    "50%25",
    "100%",
    "a%2Fb",
    "é漢字\u202e",
    "'\"<b>",
    "c&d=e;f+g",
    "c\\d",
)


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_a_name_comes_back_from_its_step(text):
    step = segment(text)
    assert name(unquote(step)) == text
    assert "/" not in unquote(step)


@pytest.mark.parametrize("text", ["c-3f9a1b72", "c-3f9a.1", "d-000000000001"])
def test_ordinary_names_stay_as_they_are(text):
    assert segment(text) == text


@pytest.fixture
def odd(console, document):
    """Cases with such ids."""
    first = document.campaigns[0]
    campaigns = tuple(
        first.model_copy(
            update={
                "id": id_,
                "accounts": tuple(
                    each.model_copy(update={"account_id": f"odd-{number}-{n}"})
                    for n, each in enumerate(first.accounts[:3])
                ),
                "links": (),
            }
        )
        for number, id_ in enumerate(ODD)
    )
    intake.take(console.store, document.model_copy(update={"campaigns": campaigns}), console.clock())


@pytest.mark.usefixtures("odd")
def test_every_link_of_an_odd_case_leads_to_it(running, signed_in):
    ana = signed_in(running, "analyst", "ana")
    queue = ana.get("/cases").text
    for number, id_ in enumerate(ODD):
        at = f"/cases/{segment(id_)}"
        assert f'href="{at}"' in queue, id_
        page = ana.get(at)
        assert page.status_code == 200, id_
        assert ana.get(f"{at}.json").json()["case"]["row"]["id"] == id_
        assert f"odd-{number}-0" in ana.get(f"{at}.csv").text
        for path in paths(page.text):
            answer = ana.get(path)
            assert answer.status_code in {200, 303}, (id_, path)


def paths(page):
    """Where the links of a page's main part lead."""
    main = page.partition("<main")[2]
    found = {html.unescape(each) for each in re.findall(r'href="(/[^"#]*)', main)}
    return sorted(each for each in found if not urlsplit(each).path.startswith("/static"))


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("id_", ODD)
def test_forms_come_back_to_their_case(running, signed_in, id_):
    ana = signed_in(running, "analyst", "ana")
    at = f"/cases/{segment(id_)}"
    page = ana.get(at).text
    assert html.escape(f"{at}/notes") in page or f"{at}/notes" in page
    done = ana.post(f"{at}/notes", data={"text": "seen"})
    assert (done.status_code, done.headers["location"]) == (303, f"{at}#work")
    assert "seen" in ana.get(done.headers["location"]).text
    wrong = ana.post(f"{at}/notes", data={"text": ""})
    assert wrong.status_code == 422
    assert f'action="{at}/notes"' in wrong.text


def test_who_signs_in_comes_to_the_case_that_he_asked_for(running):
    with running.client() as nobody:
        to = nobody.get(f"/cases/{segment('c-1/2')}").headers["location"]
    assert to == "/sign-in?then=%2Fcases%2Fc-1%25252F2"
