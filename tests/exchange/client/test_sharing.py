"""From findings to another member's mirror, by the command line, against a running exchange."""

import csv
import importlib.util
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stillwatch import cli
from stillwatch.cli.boundary import run as run_command
from stillwatch.exchange.client.session import opened
from stillwatch.exchange.client.state import State
from stillwatch.exchange.tokens.client import TokenClient
from stillwatch.exchange.tokens.epochs import Epoch
from stillwatch.indicators.extensions import FEEDBACK
from stillwatch.indicators.patterns import parse
from stillwatch.reports.document import dumps, loads, to_document
from stillwatch.reports.reviews import ReviewStore

SECRETS = ["pm_shared_1", "m1.example", "198.51.100.7"]


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """Findings of three campaigns with an accounts table, in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    path = Path(__file__).parents[2] / "reports" / "sample.py"
    spec = importlib.util.spec_from_file_location("sharing_sample", path)
    sample = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sample)
    document = json.loads(dumps(to_document(sample.findings())))
    document["campaigns"][0]["signature"] = {"template": list(range(1000, 1040))}
    Path("findings.json").write_text(json.dumps(document))
    with Path("accounts.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["account_id", "payment_fingerprint", "email_domain", "signup_address"])
        for number, account in enumerate(document["campaigns"][0]["accounts"]):
            writer.writerow([account["account_id"], "pm_shared_1", f"m{number % 3}.example", "198.51.100.7"])
        for number in range(300):
            writer.writerow([f"other{number}", f"pm_own_{number}", "mail.example", "10.0.0.1"])
    return document


@pytest.fixture
def speaker(stranger):
    """A member that knows under which identity it speaks."""
    return replace(stranger, config=stranger.config.model_copy(update={"identity": stranger.identity}))


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs a command line for a member; gives the exit code and both outputs."""

    def run_here(member, *args):
        config = member.config
        for name in ("url", "auth", "member", "secret_file", "key_file", "state", "identity", "collection"):
            if (value := getattr(config, name)) is not None:
                monkeypatch.setenv(f"STILLWATCH_EXCHANGE__{name}".upper(), str(value))
        monkeypatch.setenv("STILLWATCH_EXCHANGE__PUBLISHERS", "alice,bob")
        monkeypatch.setenv("STILLWATCH_EXCHANGE__APPROVERS", "alice,bob")
        capsys.readouterr()
        code = run_command(cli.stillwatch, [str(arg) for arg in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_here


def drafted(run, member, *more):
    code, out, err = run(member, "share", "--accounts", "accounts.csv", "--as", "alice", "--json", *more)
    assert code == 0, err
    return json.loads(out)


def published(run, member, *more):
    draft = drafted(run, member, *more)["draft"]
    code, out, err = run(member, "share", "--approve", draft, "--as", "bob", "--json")
    assert code == 0, err
    return draft, json.loads(out)


def heard(out, what):
    """Ids that a sync tells of."""
    return {each if isinstance(each, str) else each["id"] for read in json.loads(out)["read"] for each in read[what]}


def mirrored(member):
    with State.open(member.config.state) as state:
        return list(state.mirror.objects())


def test_a_dry_run_asks_nobody_and_shows_what_would_leave_and_no_value_of_it(run, scan, stranger):
    code, out, err = run(stranger, "share", "--accounts", "accounts.csv", "--json")
    assert code == 0, err
    document = json.loads(out)
    first = document["campaigns"][0]
    assert first["tokens"] == {"shingle": 40, "payment": 1, "mail-domain": 3, "address": 1}
    held = {each["field"] for each in first["held_back"]}
    assert {"accounts", "shared_text", "links", "timeline, crossed_at"} <= held
    ids = [account["account_id"] for campaign in scan["campaigns"] for account in campaign["accounts"]]
    for secret in [*SECRETS, *ids, str(scan["campaigns"][0]["requests"])]:
        assert secret not in out
    code, out, err = run(stranger, "share", "--accounts", "accounts.csv")
    assert code == 0
    assert "40 tokens" in out
    assert "Nothing has left." in out


@pytest.mark.usefixtures("scan")
def test_two_persons_publish_and_another_member_finds_its_own_values(run, exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    draft, told = published(run, alpha)
    assert told["stage"] == "sent"
    code, out, err = run(beta, "sync", "--json")
    assert code == 0, err
    assert len(heard(out, "new")) > 10
    with State.open(beta.config.state) as state:
        usable = state.indicators(datetime.now(UTC))
    standing = [each["x_stillwatch_standing"] for each in usable]
    assert {(s["publisher"], s["assurance"], s["standing"]) for s in standing} == {
        (alpha.identity, "signed", "admitted")
    }
    patterns = {pattern.kind: pattern for pattern in (parse(each["pattern"]) for each in usable)}
    with opened(beta.config) as session:
        client = TokenClient(session.http, session.root.url)
        epoch = str(Epoch.at(datetime.now(UTC)))
        assert client.tokens("payment", epoch, [b"pm_shared_1"])[0] in patterns["account-network"].edges["payment"]
        assert client.tokens("address", epoch, [b"198.51.100.7"])[0] in patterns["account-network"].edges["address"]
        shingle = client.tokens("shingle", epoch, [(1000).to_bytes(4, "big")])[0]
        assert shingle in patterns["prompt-template"].tokens
    text = json.dumps(mirrored(beta))
    assert not any(secret in text for secret in SECRETS)
    # saying it once more is saying it once
    code, out, _ = run(alpha, "share", "--approve", draft, "--as", "bob", "--json")
    assert (code, json.loads(out)["sent"]) == (0, [])
    published(run, alpha)
    code, out, _ = run(beta, "sync", "--json")
    assert not any(heard(out, what) for what in ("new", "changed", "withdrawn", "set_aside"))
    # and what we say ourselves is no news to us
    assert run(alpha, "sync")[0] == 0
    with State.open(alpha.config.state) as state:
        assert state.indicators(datetime.now(UTC)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("scan")
def test_what_was_approved_is_sent_later_where_the_exchange_was_away_and_once_where_the_answer_was_lost(run, exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    draft = drafted(run, alpha)["draft"]
    assert run(alpha, "share", "--approve", draft, "--as", "bob")[0] == 0
    with State.open(alpha.config.state) as state:  # as if we had been killed before the answer came
        state.outbox.move(draft, "approved")
    code, out, err = run(alpha, "sync", "--json")
    assert code == 0, err
    assert [each["draft"] for each in json.loads(out)["sent"]] == [draft]
    run(beta, "sync")
    versions = [(obj["id"], obj.get("modified")) for obj in mirrored(beta)]
    assert len(versions) == len(set(versions))
    again = drafted(run, alpha)["draft"]
    exchange.stop()
    assert run(alpha, "share", "--approve", again, "--as", "bob")[0] == 3
    exchange.start()
    assert run(alpha, "share", "--approve", again, "--as", "bob")[0] == 0
    with State.open(alpha.config.state) as state:
        assert [state.outbox.find(each).stage for each in (draft, again)] == ["sent", "sent"]


def test_a_withdrawal_reaches_the_others_with_its_reason(run, scan, exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    published(run, alpha)
    run(beta, "sync")
    campaign = scan["campaigns"][0]["id"]
    code, out, err = run(alpha, "share", "--withdraw", campaign, "--why", "An evaluation.", "--as", "alice", "--json")
    assert code == 0, err
    withdrawn = set(json.loads(out)["withdraws"])
    code, out, _ = run(beta, "sync", "--json")
    assert withdrawn <= heard(out, "withdrawn")
    with State.open(beta.config.state) as state:
        left = {each["id"] for each in state.indicators(datetime.now(UTC))}
    assert not left & withdrawn
    standing = {obj["id"] for obj in mirrored(beta) if obj["type"] == "campaign"} - withdrawn
    assert len(standing) == 2
    assert any(obj.get("content") == "An evaluation." for obj in mirrored(beta))
    code, _, err = run(alpha, "share", "--withdraw", campaign, "--why", "Again.", "--as", "alice")
    assert code == 1
    assert "withdrawn already" in err
    code, _, err = run(
        alpha, "share", "--withdraw", scan["campaigns"][1]["id"], "--why", "They paid $5", "--as", "alice"
    )
    assert code == 4


def withdrawn(run, member, name):
    code, out, err = run(member, "share", "--withdraw", name, "--why", "An evaluation.", "--as", "alice", "--json")
    assert code == 0, err
    return set(json.loads(out)["withdraws"])


def test_a_withdrawn_campaign_stays_withdrawn_and_the_others_are_shared_as_before(run, scan, exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    first, *others = [each["id"] for each in scan["campaigns"]]
    published(run, alpha)
    pending = drafted(run, alpha)["draft"]
    gone = withdrawn(run, alpha, first)
    code, _, err = run(alpha, "share", "--approve", pending, "--as", "bob")
    assert (code, first in err, "withdrawn" in err) == (1, True, True)
    code, out, _ = run(alpha, "share", "--accounts", "accounts.csv", "--campaign", first)
    assert code == 0
    assert f"{first} stays here: withdrawn on {datetime.now(UTC).date()}" in out
    assert "0 campaigns would leave" in out
    document = drafted(run, alpha)
    assert [each["id"] for each in document["campaigns"]] == others
    assert [each["id"] for each in document["refused"]] == [first]
    assert published(run, alpha)[1]["stage"] == "sent"
    assert run(beta, "sync")[0] == 0
    assert {obj["id"] for obj in mirrored(beta) if obj.get("revoked")} == gone
    code, _, err = run(alpha, "share", "--accounts", "accounts.csv", "--campaign", first, "--as", "alice")
    assert (code, "Nothing of the findings may leave" in err) == (1, True)


def test_a_withdrawn_indicator_stays_withdrawn_and_its_campaign_is_shared_without_it(run, scan, exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    published(run, alpha)
    with State.open(alpha.config.state) as state:
        indicator = next(each.object["id"] for each in state.outbox.said() if each.object["type"] == "indicator")
    assert withdrawn(run, alpha, indicator) == {indicator}
    scan["campaigns"][0]["bits"] += 3
    scan["campaigns"][0]["evidence"][0]["bits"] += 3
    Path("findings.json").write_text(json.dumps(scan))
    _, told = published(run, alpha)
    assert told["stage"] == "sent"
    assert run(beta, "sync")[0] == 0
    assert {obj["id"] for obj in mirrored(beta) if obj.get("revoked")} == {indicator}


def test_a_campaign_is_withdrawn_by_as_much_of_its_id_as_tells_it_apart(run, scan, exchange):
    alpha = exchange.members["alpha"]
    published(run, alpha)
    ids = [each["id"] for each in scan["campaigns"]]
    for name, says in (("c", ids[0]), ("c-nothing", "nothing of that name")):
        code, _, err = run(alpha, "share", "--withdraw", name, "--why", "A class.", "--as", "alice")
        assert (code, says in err) == (1, True)
    length = next(n for n in range(3, 20) if sum(each.startswith(ids[0][:n]) for each in ids) == 1)
    assert withdrawn(run, alpha, ids[0][:length])
    _, out, _ = run(alpha, "share", "--json")
    assert [each["id"] for each in json.loads(out)["refused"]] == ids[:1]


def test_a_campaign_that_grew_is_the_one_that_was_said(run, scan, exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    published(run, alpha)
    run(beta, "sync")
    before = {obj["id"] for obj in mirrored(beta) if obj["type"] == "campaign"}
    old = scan["campaigns"][0]["id"]
    more = [account | {"account_id": f"new{n}"} for n, account in enumerate(scan["campaigns"][0]["accounts"][:9])]
    scan["campaigns"][0]["accounts"] += more
    scan["campaigns"][0] |= {"id": "c-9e0ff1ce0a", "requests": scan["campaigns"][0]["requests"] * 10}
    Path("findings.json").write_text(json.dumps(scan))
    document = drafted(run, alpha)
    assert document["campaigns"][0]["said_as"] == old
    assert run(alpha, "share", "--approve", document["draft"], "--as", "bob")[0] == 0
    run(beta, "sync")
    assert {obj["id"] for obj in mirrored(beta) if obj["type"] == "campaign"} == before
    kept = alpha.config.state.read_bytes()
    assert more[0]["account_id"].encode() not in kept
    assert scan["campaigns"][0]["accounts"][0]["account_id"].encode() not in kept
    assert {name.partition("--")[0] for name in withdrawn(run, alpha, "c-9e0f")} >= {"campaign", "grouping"}
    _, out, _ = run(alpha, "share", "--json")
    assert [each["id"] for each in json.loads(out)["refused"]] == ["c-9e0ff1ce0a"]


@pytest.mark.usefixtures("scan")
def test_the_number_that_a_campaign_will_have_is_shown_only_where_it_is_known(run, stranger, speaker):
    _, out, _ = run(stranger, "share", "--json")
    names = [each["name"] for campaign in json.loads(out)["campaigns"] for each in campaign["leaves"] if "name" in each]
    assert any(name == "DC-2026 (numbered when it is published)" for name in names)
    assert not re.search(r"DC-\d{4}-\d|contributor-0", out)
    assert re.search(r"DC-2026-\d{4}", run(speaker, "share", "--json")[1])


def test_verdicts_go_back_as_sightings_and_opinions_once_and_without_the_reason(run, scan, exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]
    published(run, alpha)
    run(beta, "sync")
    with State.open(beta.config.state) as state:
        indicators = [each["id"] for each in state.indicators(datetime.now(UTC))]
    scan["campaigns"][1]["indicators"] = indicators[:1]
    scan["campaigns"][2]["indicators"] = indicators[1:2]
    Path("findings.json").write_text(json.dumps(scan))
    for number, verdict in ((1, "confirmed"), (2, "rejected")):
        name = scan["campaigns"][number]["id"]
        assert run(beta, "review", name, "--as", verdict, "--reason", "They told us why")[0] == 0
    code, out, err = run(beta, "sync", "--json")
    assert code == 0, err
    assert json.loads(out)["answered"] == 4
    assert json.loads(run(beta, "sync", "--json")[1])["answered"] == 0
    assert run(alpha, "sync")[0] == 0
    answers = [obj for obj in mirrored(alpha) if obj["type"] in {"sighting", "opinion"}]
    assert {obj.get("opinion") for obj in answers} == {None, "agree", "disagree"}
    assert {obj["created_by_ref"] for obj in answers} == {beta.identity}
    assert "They told us why" not in json.dumps(answers)
    assert run(beta, "review", scan["campaigns"][1]["id"], "--as", "rejected", "--reason", "No")[0] == 0
    assert json.loads(run(beta, "sync", "--json")[1])["answered"] == 2


def said_of(member, indicators):
    """The newest word that a member has heard about each indicator: outcome and opinion."""
    newest = {obj["id"]: obj for obj in mirrored(member)}.values()  # in the order of their versions
    opinions = {obj["object_refs"][0]: obj["opinion"] for obj in newest if obj["type"] == "opinion"}
    seen = [obj for obj in newest if obj["type"] == "sighting"]
    outcomes = {obj["sighting_of_ref"]: obj["extensions"][FEEDBACK]["outcome"] for obj in seen}
    return [(outcomes[each], opinions[each]) for each in indicators]


@pytest.mark.slow
def test_a_verdict_that_ends_is_replaced_or_taken_back_is_corrected_at_the_exchange(run, scan, exchange):
    alpha, beta = exchange.members["alpha"], exchange.members["beta"]

    def answered():
        code, out, err = run(beta, "sync", "--json")
        assert code == 0, err
        assert run(alpha, "sync")[0] == 0
        return json.loads(out)["answered"]

    published(run, alpha)
    run(beta, "sync")
    with State.open(beta.config.state) as state:
        indicators = [each["id"] for each in state.indicators(datetime.now(UTC))][:2]
    scan["campaigns"] = scan["campaigns"][1:]
    for campaign, indicator in zip(scan["campaigns"], indicators, strict=True):
        campaign["indicators"] = [indicator]
    Path("findings.json").write_text(json.dumps(scan))
    first, second = loads(Path("findings.json").read_bytes(), where="findings.json").campaigns
    store, now = ReviewStore(Path("xdg/stillwatch/reviews.sqlite")), datetime.now(UTC)
    store.path.parent.mkdir(parents=True, exist_ok=True)
    end = now + timedelta(days=1)
    for campaign, given in ((first, now - timedelta(seconds=2)), (second, now)):
        store.add(campaign, verdict="confirmed", author="ana", reason="Cards.", at=given, until=end)
    assert answered() == 4
    assert said_of(alpha, indicators) == [("true-positive", "agree")] * 2

    # one comes to its end; the other is replaced, and the newest scan does not have its campaign
    with closing(sqlite3.connect(store.path)) as database, database:
        ended = (now - timedelta(seconds=1)).isoformat()
        database.execute("UPDATE review SET until = ? WHERE campaign = ?", (ended, first.id))
    store.add(second, verdict="rejected", author="ben", reason="A class.", at=now + timedelta(seconds=1))
    Path("findings.json").write_text(json.dumps(scan | {"campaigns": scan["campaigns"][:1]}))
    assert answered() == 4
    assert said_of(alpha, indicators) == [("unsure", "neutral"), ("false-positive", "disagree")]
    assert answered() == 0

    # one is judged anew, which could not be said had the old word been revoked; of the other both are taken back
    store.add(first, verdict="confirmed", author="ana", reason="Again.", at=now + timedelta(seconds=2))
    store.withdraw("ben", now + timedelta(seconds=1), by="ben")
    store.withdraw("ana", now, by="ana")
    assert answered() == 4
    assert said_of(alpha, indicators) == [("true-positive", "agree"), ("unsure", "neutral")]


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("--as", "mallory"), 4, "mallory may not draft"),
        (("--approve", "DRAFT", "--as", "alice"), 4, "nobody approves his own draft"),
        (("--approve", "DRAFT", "--as", "mallory"), 4, "mallory may not approve"),
        (("--approve", "DRAFT"), 2, "Who does this?"),
        (("--approve", "d-nothing", "--as", "bob"), 1, "no draft"),
        (("--withdraw", "indicator--x", "--as", "alice"), 2, "Others will ask why"),
    ],
)
@pytest.mark.usefixtures("scan")
def test_who_may_not_is_told_so(run, speaker, args, code, says):
    draft = drafted(run, speaker)["draft"]
    found, out, err = run(speaker, "share", *(draft if arg == "DRAFT" else arg for arg in args))
    assert (found, out) == (code, "")
    assert says in err


@pytest.mark.usefixtures("scan")
@pytest.mark.parametrize("change", ["findings.json", "accounts.csv", "rules"])
def test_a_draft_of_what_has_changed_since_is_refused(run, speaker, change, monkeypatch):
    draft = drafted(run, speaker)["draft"]
    if change == "rules":
        monkeypatch.setattr("stillwatch.exchange.client.share.VERSION", "another")
    else:
        Path(change).write_text(Path(change).read_text() + " ")
    code, _, err = run(speaker, "share", "--approve", draft, "--as", "bob")
    assert code == 1
    assert "changed" in err
    assert "Draft it anew" in err


@pytest.mark.usefixtures("scan")
def test_a_foreign_server_gets_what_needs_no_tokens(run, speaker, medallion):
    config = speaker.config.model_copy(update={"url": medallion(), "member": "acme", "collection": "shared"})
    config.secret_file.write_text("pass")
    foreign = replace(speaker, config=config)
    with_tokens = drafted(run, foreign)["draft"]
    code, _, err = run(foreign, "share", "--approve", with_tokens, "--as", "bob")
    assert code == 3
    assert "--no-tokens" in err
    _, told = published(run, foreign, "--no-tokens")
    assert told["stage"] == "sent"
    published(run, foreign, "--no-tokens")  # medallion calls what it has a failure: it is none
    other = replace(speaker, config=config.model_copy(update={"state": config.state.with_name("other")}))
    code, out, err = run(other, "sync", "--json")
    assert code == 0, err
    assert json.loads(out)["vouched"] is False
    assert {obj["type"] for obj in mirrored(other)} >= {"campaign", "intrusion-set", "relationship"}


@pytest.mark.usefixtures("scan")
def test_a_first_run_says_what_to_set_with_an_example(tmp_path, capsys):
    for verb in (["sync"], ["share", "--approve", "d-1", "--as", "bob", "--state", str(tmp_path / "s")]):
        code = run_command(cli.stillwatch, verb)
        err = capsys.readouterr().err
        assert code in {1, 2}
    code = run_command(cli.stillwatch, ["sync"])
    err = capsys.readouterr().err
    assert (code, len(err.splitlines())) == (2, 1)
    assert 'url = "https://exchange.example/taxii2/"' in err


def test_what_people_said_of_a_campaign_decides_whether_it_is_shared(run, scan, stranger):
    store = ReviewStore("xdg/stillwatch/reviews.sqlite")
    assert run(stranger, "review", scan["campaigns"][0]["id"], "--as", "rejected", "--reason", "a class")[0] == 0
    assert store.path.exists()
    _, out, _ = run(stranger, "share", "--json")
    assert scan["campaigns"][0]["id"] not in [each["id"] for each in json.loads(out)["campaigns"]]
    code, _, err = run(stranger, "share", "--campaign", scan["campaigns"][0]["id"])
    assert (code, "rejected" in err) == (1, True)
