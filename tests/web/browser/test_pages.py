"""Every page that the console has: in light and dark, on a phone, without a script, as data, by its headings."""

import json
from urllib.parse import urlencode

import pytest

from stillwatch.web import pages

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
LOOKS = {
    "light": {"color_scheme": "light", "viewport": WIDE},
    "dark": {"color_scheme": "dark", "viewport": WIDE},
    "phone": {"color_scheme": "light", "viewport": PHONE, "is_mobile": True, "has_touch": True},
}

#: What a page is asked, where it shows nothing unasked: words of `Console.places`.
QUERIES = {"/accounts": {"id": "account"}}

#: The elements that reach beyond the window, and are in no box that scrolls.
BEYOND = """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest('.scroll')).slice(0, 8).map((e) => e.outerHTML.slice(0, 120))"""

DECLARED = [each for module in pages.ALL for each in module.declared if each.method == "GET"]
SHOWN = ["/sign-in", "/me", *(each.path for each in DECLARED if each.path != "/")]
DATA = ["/me", *(each.path for each in DECLARED if each.formats)]


def address(path, console, suffix=""):
    """Where this page is: a place or a question that is new needs an entry in `Console.places` and `QUERIES`."""
    asked = {name: console.places[word] for name, word in QUERIES.get(path, {}).items()}
    return path.format(**console.places) + suffix + (f"?{urlencode(asked)}" if asked else "")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", SHOWN)
def test_anybody_can_read_it(filled, person, faults, path, look):
    page = person(filled, None if path == "/sign-in" else "omar", **LOOKS[look])
    answer = page.goto(address(path, filled), wait_until="networkidle")
    assert answer.status == 200
    assert page.locator("h1").count() == 1
    assert page.title().endswith(" · stillwatch")
    found = faults(page) + page.evaluate(BEYOND)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", SHOWN)
def test_it_needs_no_script(filled, person, path):
    page = person(filled, None if path == "/sign-in" else "omar", java_script_enabled=False)
    assert page.goto(address(path, filled)).status == 200
    assert len(page.inner_text("main")) > 40
    assert not page.locator("main button:not(form button, [form]):visible").count()


@pytest.mark.parametrize("path", DATA)
def test_it_is_data_too(filled, person, path):
    page = person(filled, "omar")
    answer = page.request.get(address(path, filled, ".json"))
    assert answer.status == 200
    assert json.loads(answer.body())
    rows = page.request.get(address(path, filled, ".csv"))
    kind = rows.headers["content-type"].partition(";")[0]
    assert (rows.status, kind) in {(200, "text/csv"), (404, "application/problem+json")}


@pytest.mark.parametrize("path", ["/nothing", "/cases/c-nothing", "/cases?q=severity:hihg"])
def test_what_is_wrong_is_said_on_a_page(filled, person, faults, path):
    page = person(filled, "ana")
    assert page.goto(path).status in {200, 404, 422}
    assert page.locator("h1").count() == 1
    found = faults(page)
    assert not found, "\n".join(found)
