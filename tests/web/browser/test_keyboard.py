"""The console by keyboard alone."""

CASE = "c-3f9a1b72"
SEEN = """() => { const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none'; }"""
WHERE = "(document.activeElement.id || document.activeElement.textContent || document.activeElement.name || '').trim()"


def test_the_first_stop_skips_to_the_content(filled, person):
    page = person(filled, "ana")
    page.goto("/cases")
    page.keyboard.press("Tab")
    assert page.evaluate(WHERE) == "Skip to the content"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_case_is_found_opened_and_left(filled, person):
    page = person(filled, "ana")
    page.goto("/cases")
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("accounts:>=100 sort:-accounts")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases?q=*accounts*")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    assert page.evaluate(WHERE) == "c-b07e55d1"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(WHERE) == CASE
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/c-b07e55d1")
    page.keyboard.press("u")
    page.wait_for_url("**/cases?q=*accounts*")


def test_the_keys_are_told(filled, person):
    page = person(filled, "ana")
    page.goto("/cases")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog", name="Keys").is_visible()


def test_what_has_the_focus_is_seen(filled, person):
    page = person(filled, "ana")
    for path in ("/cases", f"/cases/{CASE}"):
        page.goto(path, wait_until="networkidle")
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body"):
                break
            assert page.evaluate(SEEN), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_letters_that_are_typed_are_no_commands(filled, person):
    page = person(filled, "ana")
    page.goto(f"/cases/{CASE}")
    page.get_by_label("The note").focus()
    page.keyboard.type("just a question: who? q/u")
    assert page.get_by_label("The note").input_value() == "just a question: who? q/u"
    assert page.url.endswith(CASE)


def test_a_verdict_is_given_without_a_mouse(fresh, person):
    page = person(fresh, "ana")
    page.goto(f"/cases/{CASE}")
    _tab_to(page, "input[name=verdict]")
    page.keyboard.press("Space")
    _tab_to(page, "textarea[name=reason]")
    page.keyboard.type("The cards were stolen; the desk says so.")
    _tab_to(page, "form[action$=review] button")
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    assert "judged it confirmed" in page.locator("#history").inner_text()
    assert page.locator(".title .status").inner_text() == "confirmed"


def _tab_to(page, selector):
    for _ in range(300):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_the_graph_is_walked_by_arrows(filled, person):
    page = person(filled, "ana")
    page.goto(f"/cases/{CASE}/graph", wait_until="networkidle")
    assert page.get_by_role("heading", name="Nothing is picked").is_visible()
    _tab_to(page, "canvas")
    page.keyboard.press("ArrowRight")
    page.get_by_role("heading", name="Nothing is picked").wait_for(state="hidden")
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Nothing is picked").wait_for(state="visible")
