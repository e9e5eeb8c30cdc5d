"""People at work: two at once, a second person's word, a session that ends, from a verdict to the ledger."""

import contextlib
import json
import re
import sqlite3

import pytest

CASE = "c-3f9a1b72"
TEAM = "c-91c4e0aa"


def judge(page, verdict, reason):
    page.get_by_role("radio", name=verdict).check()
    page.get_by_label("Why", exact=True).fill(reason)
    page.get_by_role("button", name="Give the verdict").click()
    page.wait_for_load_state()


def take_back(page, said, why):
    """Takes an entry back, and ends on the case's page."""
    page.get_by_role("link", name=re.compile("take (something|the merger) back", re.IGNORECASE)).first.click()
    entry = page.locator("section", has_text=said).last
    entry.get_by_label("Why it is taken back").fill(why)
    entry.get_by_role("button", name="Take this back").click()
    page.wait_for_url("**#work")


def decisions(console):
    return json.loads(console.stillwatch("decisions", "list", "--json"))["standing"]


def test_a_verdict_is_remembered_for_the_next_scan(fresh, person):
    page = person(fresh, "ana")
    page.goto(f"/cases/{CASE}")
    judge(page, "confirmed", "The cards were stolen.")
    assert page.url.endswith(f"/cases/{CASE}#work")
    assert "ana judged it confirmed" in " ".join(page.locator("main").inner_text().split())
    assert "The cards were stolen." in fresh.stillwatch("explain", CASE, "-f", "findings.json")


def test_two_at_once_the_second_is_shown_what_the_first_did(fresh, person):
    ana, ben = person(fresh, "ana"), person(fresh, "ben")
    for page in (ana, ben):
        page.goto(f"/cases/{CASE}")
    judge(ana, "confirmed", "The cards were stolen.")
    with ben.expect_response(lambda answer: answer.request.method == "POST") as answered:
        judge(ben, "unsure", "I know this customer; I will ask.")
    assert answered.value.status == 409
    assert "ana" in ben.inner_text("main")
    typed = ben.locator("textarea[name=reason]").input_value()
    assert typed == "I know this customer; I will ask."
    ben.get_by_role("button", name="Send this again").click()
    ben.wait_for_url(f"**/cases/{CASE}#*")
    assert ben.locator(".title .status").inner_text() == "unsure"
    history = ben.locator("#history").inner_text()
    assert history.index("judged it unsure") < history.index("judged it confirmed")


def test_a_rejection_needs_a_second_person(fresh, person):
    ana, ben = person(fresh, "ana"), person(fresh, "ben")
    ana.goto(f"/cases/{CASE}")
    judge(ana, "rejected", "Our own evaluation.")
    assert ana.locator(".title .status").inner_text() == "open"
    assert ana.get_by_role("button", name="I say so, too").count() == 0
    ben.goto(f"/cases/{CASE}")
    ben.get_by_role("button", name="I say so, too").click()
    ben.wait_for_load_state()
    assert ben.locator(".title .status").inner_text() == "rejected"


def test_what_was_typed_outlives_the_session(fresh, person):
    page = person(fresh, "ben")
    page.goto(f"/cases/{CASE}")
    page.get_by_label("The note").fill("A long thought.")
    other = page.context.new_page()
    other.goto("/me")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/sign-in")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.get_by_role("button", name="Keep the note").click()
    assert answered.value.status == 401
    assert page.locator("textarea[name=text]").input_value() == "A long thought."
    fresh.sign_in(other, "ben")
    page.get_by_role("button", name="Send this again").click()
    page.wait_for_load_state()
    if page.get_by_role("button", name="Send this again").count():  # the form's secret was the old session's
        page.get_by_role("button", name="Send this again").click()
        page.wait_for_load_state()
    page.goto(f"/cases/{CASE}")
    assert "A long thought." in page.locator("#history").inner_text()


def test_a_database_that_is_in_use_loses_nothing_that_was_typed(fresh, person, watched):
    watched.expected = (503,)
    page = person(fresh, "ben")
    page.goto(f"/cases/{CASE}")
    page.get_by_label("The note").fill("A long thought.")
    with contextlib.closing(sqlite3.connect(fresh.folder / "console.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert page.context.request.get(f"/cases/{CASE}").status == 200  # reading waits for nobody
        page.set_default_timeout(90_000)
        with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            page.get_by_role("button", name="Keep the note").click(no_wait_after=True)
        assert answered.value.status == 503
        assert page.locator("textarea[name=text]").input_value() == "A long thought."
        other.execute("ROLLBACK")
    page.get_by_role("button", name="Send this again").click()
    page.wait_for_url("**/cases/*")
    assert "A long thought." in page.locator("#history").inner_text()


def test_accounts_are_split_off_and_it_is_taken_back(fresh, person):
    page = person(fresh, "ana")
    page.goto(f"/cases/{TEAM}")
    page.get_by_role("link", name="Make accounts a case of their own").click()
    boxes = page.locator("input[name=account]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_label("Why", exact=False).first.fill("Two students of one class.")
    page.locator("main form button").last.click()
    page.wait_for_load_state()
    assert f"Split from {TEAM}" in page.inner_text("main")
    page.goto(f"/cases/{TEAM}")
    assert "Split from this one" in page.inner_text("main")
    take_back(page, "made 2 accounts a case of their own", "One class after all.")
    assert "Split from this one" not in page.inner_text("main")
    assert "undid entry" in page.inner_text("#history")


def test_a_case_is_merged_and_every_link_finds_it(fresh, person):
    page = person(fresh, "ana")
    page.goto(f"/cases/{TEAM}")
    page.get_by_text("Merge it into another case").click()
    page.get_by_label("The other case").fill(CASE)
    page.get_by_label("Why they are one").fill("The same cards.")
    page.get_by_role("button", name="Merge", exact=True).click()
    page.wait_for_url(f"**/cases/{CASE}#*")
    assert TEAM in page.inner_text("main")
    page.goto(f"/cases/{TEAM}")
    assert CASE in page.inner_text("main")
    take_back(page, f"merged it into {CASE}", "Two after all.")
    assert page.get_by_role("button", name="Give the verdict").count() == 1, "it is worked on here again"


def test_a_slip_in_the_name_of_the_other_case_is_corrected_where_it_was_typed(fresh, person):
    page = person(fresh, "ana")
    page.goto(f"/cases/{TEAM}")
    page.get_by_text("Merge it into another case").click()
    page.get_by_label("The other case").fill("c-nowhere")
    page.get_by_label("Why they are one").fill("The same cards.")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.get_by_role("button", name="Merge", exact=True).click()
    assert answered.value.status == 422
    page.locator("textarea[name=into]").fill(CASE)
    page.get_by_role("button", name="Send this again").click()
    page.wait_for_url(f"**/cases/{CASE}#*")
    assert TEAM in page.inner_text("main")


def test_that_a_campaign_was_a_mistake_needs_a_second_person(fresh, person):
    cleo, ben = person(fresh, "cleo"), person(fresh, "ben")
    cleo.goto(f"/appeals/{fresh.places['appeal']}")
    cleo.get_by_label("What the person is told").fill("You are right, and we are sorry.")
    cleo.get_by_label("The whole campaign is a mistake").check()
    cleo.get_by_role("button", name="Grant it").click()
    cleo.wait_for_load_state()
    assert "a second person has to say, too" in cleo.inner_text("main")
    standing = [each for each in decisions(fresh) if each["campaign"] == TEAM]
    assert fresh.places["decision"] not in {each["id"] for each in standing}, "who appealed waits for nobody"
    assert standing
    ben.goto(f"/cases/{TEAM}")
    assert "all measures of the campaign end" in ben.inner_text("main")
    ben.get_by_role("button", name="I say so, too").click()
    ben.wait_for_load_state()
    assert ben.locator(".title .status").inner_text() == "rejected"
    assert [each for each in decisions(fresh) if each["campaign"] == TEAM] == []


@pytest.mark.parametrize("name", ["vera", "ana"])
def test_who_may_not_is_offered_nothing(filled, person, name):
    page = person(filled, name)
    page.goto(f"/cases/{CASE}")
    assert page.get_by_role("button", name="Give the verdict").count() == (name != "vera")
    page.goto(f"/cases/{CASE}/measures")
    assert page.locator("main form[action*=sign]").count() == 0
