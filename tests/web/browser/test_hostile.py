"""Whatever a log or a person brings stays text: nothing runs, nothing is loaded, nothing steers a line."""

import re

import pytest

CASES = ("c-91c4e0aa", "c-3f9a1b72")
STEERS = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
RUNS = "body :is([onclick], [onload], [onerror], [onfocus], iframe, base, meta, a[href^='javascript'])"
MOST_BYTES = 3_000_000  # of a page, where the findings bring 10 MB of text


@pytest.mark.parametrize(
    "path",
    [
        "/cases?q=",
        "/cases?q=is:current+%22%3Cscript%3E%22",
        "/cases/{case}",
        "/cases/{case}/graph",
        "/cases/{case}/split",
        "/cases/{case}/measures",
    ],
)
def test_a_page_of_attacks_is_a_page(attacked, person, faults, path):
    page = person(attacked, "omar")
    answer = page.goto(path.format(case=CASES[0]), wait_until="networkidle")
    assert answer.status == 200
    assert len(answer.body()) < MOST_BYTES
    assert not STEERS.findall(page.locator("body").inner_text())
    assert (
        page.locator("body *[onclick], body *[onload], body *[onerror], body iframe, main base, main meta").count() == 0
    )
    found = faults(page)
    assert not found, "\n".join(found)


def test_every_account_of_a_hostile_name_has_a_page(attacked, person):
    page = person(attacked, "ana")
    page.goto(f"/cases/{CASES[0]}")
    links = page.locator("#accounts tbody a").evaluate_all("each => each.map((link) => link.getAttribute('href'))")
    assert len(links) == 7
    for link in links:
        assert page.goto(link).status == 200, link
        assert page.locator("h1").count() == 1


def test_slots_are_shown_to_who_says_why_and_stay_text(attacked, person):
    page = person(attacked, "ana")
    page.goto(f"/cases/{CASES[0]}")
    assert "{{ 7*7 }}" in page.locator("#texts").inner_text()
    page.get_by_text("Show what stood in the slots").click()
    page.get_by_label("Why you need to see it").fill("An appeal quotes it. <script>alert(1)</script>")
    page.get_by_role("button", name="Show it").click()
    page.wait_for_load_state("networkidle")
    assert page.locator("#texts mark:not(.masked)", has_text="<script>").count() >= 1
    assert not STEERS.findall(page.locator("body").inner_text())
    page.goto(f"/cases/{CASES[0]}")
    assert "An appeal quotes it. <script>alert(1)</script>" in page.locator("#history").inner_text()


def test_notes_are_shown_as_they_were_written(attacked, person, seeds):
    page = person(attacked, "ben")
    page.goto(f"/cases/{CASES[1]}")
    for text in seeds.TEXTS:
        page.get_by_label("The note").fill(text.replace("\x00", ""))
        page.get_by_role("button", name="Keep the note").click()
        page.wait_for_load_state()
    shown = page.locator("#history").inner_text()
    assert "</script><script>" in shown
    assert "[U+202E]gnp.exe" in shown
    assert not STEERS.findall(shown)


def test_a_search_of_attacks_is_a_search(attacked, person, seeds):
    page = person(attacked, "vera")
    for text in (*seeds.TEXTS, *seeds.NAMES):
        page.goto("/cases")
        page.locator("main input[type=search]").fill(text.replace("\x00", "")[:500])
        page.locator("main input[type=search]").press("Enter")
        page.wait_for_load_state()
        assert page.locator("h1").count() == 1
