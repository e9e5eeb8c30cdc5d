"""The whole console over PostgreSQL: every page, two people on one case, a second process on the same database."""

import json

import pytest

from stillwatch.reports.document import dumps

CASE = "c-3f9a1b72"
PAGES = ("/cases", f"/cases/{CASE}", f"/cases/{CASE}/graph", f"/cases/{CASE}/split", "/strain", "/health", "/exchange")


@pytest.fixture
def served(make, document, database_url):
    """A console whose database is PostgreSQL."""
    with make(dumps(document), database_url).served() as console:
        yield console


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_one_does_the_other_is_shown_whichever_process_answers(served, person):
    ana = person(served, "ana")
    for path in PAGES:
        assert ana.goto(path).status == 200, path
        assert json.loads(ana.request.get(f"{path}.json").body()), path
    ben = person(served, "ben")
    ben.goto(f"/cases/{CASE}")
    _judge(ana, "confirmed", "The cards were stolen.")
    with ben.expect_response(lambda answer: answer.request.method == "POST") as answered:
        ben.get_by_label("Why", exact=True).fill("I know them.")
        ben.get_by_role("radio", name="unsure").check()
        ben.get_by_role("button", name="Give the verdict").click()
    assert answered.value.status == 409
    assert "judged it confirmed" in ben.inner_text("main")
    with served.served():
        again = person(served, "ana")  # the session is in the database, too
        again.goto("/cases?q=status:confirmed")
        assert again.locator("table.cases tbody th a").all_inner_texts() == [CASE]


def _judge(page, verdict, reason):
    page.goto(f"/cases/{CASE}")
    page.get_by_role("radio", name=verdict).check()
    page.get_by_label("Why", exact=True).fill(reason)
    page.get_by_role("button", name="Give the verdict").click()
    page.wait_for_url(f"**/cases/{CASE}#*")
