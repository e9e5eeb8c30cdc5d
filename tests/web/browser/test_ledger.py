"""From the console to the ledger and to the exchange: measures signed and ended, appeals answered, verdicts told."""

import json
import tomllib

from stillwatch.cli.demo_exchange import forum
from stillwatch.exchange.client.state import State
from stillwatch.reports.document import Signature, dumps

CASE = "c-3f9a1b72"


def decisions(console, kind="standing"):
    return json.loads(console.stillwatch("decisions", "list", "--json"))[kind]


def test_a_measure_that_waits_is_signed_by_an_approver(fresh, person):
    waiting = decisions(fresh, "waiting")
    assert len(waiting) > 1
    page = person(fresh, "cleo")
    page.goto("/measures")
    page.get_by_role("checkbox", name=waiting[-1]["id"]).check()
    page.get_by_role("button", name="Sign what is ticked").click()
    page.wait_for_load_state()
    signed = next(each for each in decisions(fresh) if each["id"] == waiting[-1]["id"])
    assert (signed["action"], signed["by"]) == ("hold", "cleo")
    assert len(decisions(fresh, "waiting")) == len(waiting) - 1
    page.goto(f"/measures/{signed['id']}")
    assert "by cleo" in page.inner_text("main")


def test_a_measure_ends_with_a_reason(fresh, person):
    page = person(fresh, "cleo")
    page.goto(f"/measures/{fresh.places['decision']}")
    page.get_by_label("Why", exact=True).fill("The desk knows the team.")
    page.get_by_role("button", name="End it now").click()
    page.wait_for_load_state()
    assert fresh.places["decision"] not in {each["id"] for each in decisions(fresh)}


def test_an_appeal_is_granted_by_somebody_who_did_not_decide(fresh, person):
    path = f"/appeals/{fresh.places['appeal']}"
    page = person(fresh, "ana")
    page.goto(path)
    assert "<script>alert(1)</script>" in page.inner_text("blockquote")
    assert page.get_by_role("button", name="Grant it").count() == 0
    page = person(fresh, "cleo")
    page.goto(path)
    page.get_by_label("What the person is told").fill("You are right, and we are sorry.")
    page.get_by_role("button", name="Grant it").click()
    page.wait_for_load_state()
    assert "granted" in page.inner_text("main header")
    assert fresh.places["decision"] not in {each["id"] for each in decisions(fresh)}
    [appeal] = json.loads(fresh.stillwatch("appeal", "list", "--json"))
    assert (appeal["status"], appeal["by"]) == ("reversed", "cleo")


def test_the_switch_needs_an_operator_and_says_who_turned_it(fresh, person):
    cleo, omar = person(fresh, "cleo"), person(fresh, "omar")
    cleo.goto("/measures")
    assert cleo.get_by_role("button", name="Turn all measures off").count() == 0
    omar.goto("/measures")
    omar.locator("form[action$=switch] input[name=reason]").fill("Customers report errors.")
    omar.get_by_role("button", name="Turn all measures off").click()
    omar.wait_for_load_state()
    cleo.reload()
    assert "Customers report errors." in cleo.inner_text("main")
    assert json.loads(fresh.stillwatch("decisions", "list", "--json"))["enabled"] is False


def test_a_verdict_reaches_the_member_whose_indicator_led_to_it(make, person, document, tmp_path):
    """Alpha publishes, beta's scan fits it, beta's analyst confirms in the console, alpha hears of it."""
    published = _changed(document, signature=Signature(template=tuple(range(1_000, 1_032))))
    with forum(tmp_path / "forum", {"alpha": tmp_path, "beta": tmp_path}) as (alpha, beta):
        findings = tmp_path / "alpha.json"
        findings.write_text(dumps(published), encoding="utf-8")
        drafted = json.loads(alpha.run("share", str(findings), "--as", "alice", "--json"))
        alpha.run("share", "--approve", drafted["draft"], "--as", "bob", "--quiet")
        beta.sync()
        with State.open(beta.settings.with_name("state.sqlite")) as state:
            named = tuple(sorted(state.mirror.indicated()))
        assert named
        console = make(dumps(_changed(document, indicators=named)))
        _replaced(console, "reviews.sqlite", beta.settings.with_name("reviews.sqlite"))
        with console.served():
            page = person(console, "ana")
            page.goto(f"/cases/{CASE}")
            page.get_by_role("radio", name="confirmed").check()
            page.get_by_label("Why", exact=True).fill("The cards were stolen.")
            page.get_by_role("button", name="Give the verdict").click()
            page.wait_for_url(f"**/cases/{CASE}#*")
        beta.run("sync", "--findings", str(console.folder / "findings.json"), "--quiet")
        alpha.sync()
        with State.open(alpha.settings.with_name("state.sqlite")) as state:
            told = {each["type"] for each in state.mirror.objects()}
    assert {"sighting", "opinion"} <= told


def test_from_a_review_to_the_ledger_to_the_exchange(unserved, person, faults, tmp_path):
    """Alpha's people confirm, sign and approve in the console; beta hears of the campaign from a running exchange."""
    with forum(tmp_path / "forum", {"alpha": tmp_path, "beta": tmp_path}) as (alpha, beta):
        _joins(unserved, alpha)
        with unserved.served() as console:
            ana, omar = person(console, "ana"), person(console, "omar")
            ana.goto(f"/cases/{CASE}")
            ana.get_by_role("radio", name="confirmed").check()
            ana.get_by_label("Why", exact=True).fill("The cards were stolen.")
            ana.get_by_role("button", name="Give the verdict").click()
            ana.wait_for_url(f"**/cases/{CASE}#*")
            waiting = decisions(console, "waiting")
            omar.goto("/measures")
            omar.get_by_role("checkbox", name=waiting[-1]["id"]).check()
            omar.get_by_role("button", name="Sign what is ticked").click()
            omar.wait_for_load_state()
            assert waiting[-1]["id"] in {each["id"] for each in decisions(console)}
            draft = json.loads(
                console.stillwatch("share", "findings.json", "--campaign", CASE, "--as", "ana", "--json")
            )
            path = f"/exchange/outgoing/{draft['draft']}"
            ana.goto(path)
            assert ana.get_by_role("button", name="Approve and send it").count() == 0
            omar.goto("/exchange/outgoing")
            omar.get_by_role("link", name=draft["draft"]).click()
            omar.wait_for_url(f"**{path}")
            read = omar.inner_text("main")
            for said in ("nothing has left", "TLP:AMBER", "marking", "Stays here"):
                assert said in read
            assert faults(omar) == []
            omar.get_by_role("button", name="Approve and send it").click()
            omar.wait_for_load_state()
            assert "It was sent." in omar.inner_text("main")
            omar.goto(f"/cases/{CASE}")
            assert f"approved {draft['draft']}" in omar.inner_text("#history")
        beta.sync()
        with State.open(beta.settings.with_name("state.sqlite")) as state:
            heard = [each for each in state.mirror.objects() if each["type"] == "campaign"]
    assert len(heard) == 1
    assert heard[0]["object_marking_refs"]


def test_a_draft_is_refused_with_a_reason_and_two_who_decide_at_once_hear_of_each_other(fresh, person):
    path = f"/exchange/outgoing/{fresh.places['draft']}"
    first, second = person(fresh, "omar"), person(fresh, "omar")
    for page in (first, second):
        page.goto(path)
    first.get_by_label("Why it is not to leave").fill("Their counsel asked us to wait.")
    first.get_by_role("button", name="Refuse it").click()
    first.wait_for_load_state()
    assert "Their counsel asked us to wait." in first.inner_text("main")
    second.get_by_label("Why it is not to leave").fill("Something of mine.")
    with second.expect_response(lambda answer: answer.request.method == "POST") as answered:
        second.get_by_role("button", name="Refuse it").click()
    assert answered.value.status == 409
    assert "is dropped, by omar" in second.inner_text("main")
    assert second.locator("textarea[name=reason]").input_value() == "Something of mine."


def _joins(console, member):
    """Lets a console speak to an exchange as a member."""
    home, settings = member.settings.parent, console.folder / "stillwatch.toml"
    url = tomllib.loads(member.settings.read_text("utf-8"))["exchange"]["url"]
    text = settings.read_text("utf-8").replace('identity = "identity--a712755f-6cac-44d5-99d5-269512e74f7b"\n', "")
    more = f'url = "{url}"\nmember = "{member.name}"\nsecret_file = "{home}/secret"\nkey_file = "{home}/signing.pem"\n'
    settings.write_text(text.replace("[exchange]\n", f"[exchange]\n{more}"), "utf-8")


def _changed(document, **parts):
    """The document, where its first campaign has other parts."""
    first = document.campaigns[0].model_copy(update=parts)
    return document.model_copy(update={"campaigns": (first, *document.campaigns[1:])})


def _replaced(console, name, path):
    """Another file under one of its settings."""
    settings = console.folder / "stillwatch.toml"
    settings.write_text(settings.read_text("utf-8").replace(str(console.folder / name), str(path)), "utf-8")
