import hashlib
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import ExchangeError, InputError, PrivacyError, TrustError
from stillwatch.exchange.psi import protocol
from stillwatch.exchange.psi.ledger import Ledger, Transcript
from stillwatch.exchange.psi.messages import Message, Terms, load, save
from stillwatch.exchange.psi.runs import Runs
from stillwatch.exchange.tokens.values import collected

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
OURS = collected([f"acct-{n}" for n in range(60)], "account")
THEIRS = collected([f"acct-{n}" for n in range(45, 105)], "account")  # 15 in common


@pytest.fixture
def alpha(tmp_path):
    return Runs(Ledger(tmp_path / "alpha"), NOW)


@pytest.fixture
def beta(tmp_path):
    return Runs(Ledger(tmp_path / "beta"), NOW)


def later(runs, **time):
    return Runs(runs.ledger, runs.now + timedelta(**time))


def run(alpha, beta, reveal="values", ours=OURS, theirs=THEIRS):
    """One whole run; the messages by name, and what each wrote down."""
    setup, _ = alpha.offer(ours, reveal, partner="beta")
    request, _ = beta.request(setup, theirs, partner="alpha")
    response, told = alpha.respond(request)
    alpha.finish(told)
    common, learnt = beta.reveal(response, theirs, setup)
    beta.finish(learnt)
    return {"setup": setup, "request": request, "response": response}, common, told, learnt


def test_who_asks_learns_the_common_values_and_who_offers_only_a_size(alpha, beta):
    _, common, told, learnt = run(alpha, beta)
    assert {THEIRS.items[form] for form in common} == {f"acct-{n}" for n in range(45, 60)}
    assert (learnt.result, learnt.own_size, learnt.their_size) == (15, 60, 60)
    assert (told.result, told.own_size, told.their_size) == (None, 60, 60)


def test_where_only_the_size_is_agreed_on_only_the_size_is_learnt(alpha, beta):
    _, common, _, learnt = run(alpha, beta, "size")
    assert common == 15
    assert learnt.result == 15


@pytest.mark.parametrize(("common", "says"), [(0, "fewer than 10"), (9, "fewer than 10"), (10, 10)])
def test_a_small_number_is_not_told(alpha, beta, common, says):
    theirs = collected([f"acct-{n}" for n in range(60 - common, 120 - common)], "account")
    assert run(alpha, beta, "size", theirs=theirs)[3].result == says


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, 60), min_size=25, max_size=40), st.sets(st.integers(0, 60), min_size=25, max_size=40))
def test_the_intersection_is_the_intersection(one, other):
    mine, theirs = ([str(n).encode() for n in numbers] for numbers in (one, other))
    for reveal in ("values", "size"):
        terms = Terms.new("account", reveal)
        key, setup = protocol.offer(terms, mine)
        own_key, request = protocol.ask(setup, theirs)
        response = protocol.respond(protocol.Kept(key, setup.sha256), terms, len(mine), request)
        common = protocol.reveal(protocol.Kept(own_key, request.sha256), theirs[::-1], setup, response)
        found = common if isinstance(common, int) else {int(value) for value in common}
        assert found == (len(one & other) if reveal == "size" else one & other)


def everything_kept(*runs, messages):
    for each in runs:
        for place in each.ledger.folder.iterdir():
            yield place.name, place.read_bytes()
    for name, message in messages.items():
        yield name, message.raw


def test_no_value_and_no_hash_of_one_is_in_any_message_or_file(alpha, beta):
    messages, _, told, learnt = run(alpha, beta)
    kept = [*everything_kept(alpha, beta, messages=messages), ("told", told.text().encode())]
    for form, value in (OURS.items | THEIRS.items).items():
        for given_form in (form, value.encode(), f"account:{form.hex()}".encode()):
            for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.blake2b):
                made = digest(given_form)
                for trace in (given_form, made.digest()[:8], made.hexdigest()[:16].encode()):
                    assert not [name for name, content in kept if trace in content], value
    assert learnt.result == 15


def test_both_keep_a_transcript_that_tells_of_the_same_run(alpha, beta):
    messages, *_ = run(alpha, beta)
    for each, role, passed in (
        (alpha, "offered", ["setup", "request", "response"]),
        (beta, "asked", ["setup", "request", "response"]),
    ):
        (place,) = each.ledger.folder.iterdir()
        written = json.loads(place.read_bytes())
        assert written["role"] == role
        assert [line["message"] for line in written["messages"]] == passed
        assert [line["sha256"] for line in written["messages"]] == [messages[name].sha256 for name in passed]
        assert [line["size"] for line in written["messages"]] == [len(messages[name].raw) for name in passed]
        assert place.stat().st_mode & 0o777 == 0o600


def test_two_runs_over_the_same_values_have_nothing_in_common(alpha, beta):
    one, *_ = run(alpha, beta)
    other, *_ = run(later(alpha, hours=25), later(beta, hours=25))
    for name in one:
        points = [set(re.findall(rb"[\n\x12]!(.{33})", message[name].body, re.DOTALL)) for message in (one, other)]
        assert len(points[0]) >= 50
        assert not points[0] & points[1]


def test_every_value_takes_the_same_room(alpha):
    short = collected([f"{n:02}" for n in range(60)], "account")
    long = collected([f"{n:02}" * 200 for n in range(60)], "account")
    sizes = [len(alpha.offer(values, "size", partner=str(n))[0].body) for n, values in enumerate((short, long))]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("count", [0, 1, 24, protocol.MOST + 1])
def test_sets_that_are_too_small_or_too_large_are_refused_on_each_side(alpha, beta, count):
    wrong = collected([str(n) for n in range(count)], "account")
    with pytest.raises(PrivacyError, match=f"Your set has {count:,} values"):
        alpha.offer(wrong, "size", partner="beta")
    setup, _ = alpha.offer(OURS, "size", partner="beta")
    with pytest.raises(PrivacyError, match="Your set"):
        beta.request(setup, wrong, partner="alpha")
    assert not beta.ledger.folder.exists()


def test_a_request_of_other_software_about_one_value_is_refused(alpha, beta, monkeypatch):
    setup, _ = alpha.offer(OURS, "values", partner="beta")
    monkeypatch.setattr(protocol, "FEWEST", 1)
    request, _ = beta.request(setup, collected(["acct-1"], "account"), partner="alpha")
    monkeypatch.undo()
    with pytest.raises(PrivacyError, match="The other member's set has 1 values"):
        alpha.respond(request)
    claims_more = Message(request.header.model_copy(update={"size": 30}), request.body)
    with pytest.raises(ExchangeError, match="does not hold what it says"):
        alpha.respond(claims_more)


def test_an_offer_answers_one_request_only(alpha, beta, tmp_path):
    setup, _ = alpha.offer(OURS, "values", partner="beta")
    first, _ = beta.request(setup, THEIRS, partner="alpha")
    gamma = Runs(Ledger(tmp_path / "gamma"), NOW)
    second, _ = gamma.request(setup, OURS, partner="alpha")
    response, told = alpha.respond(first)
    assert alpha.respond(first)[0] == response, "the answer got lost: the same again tells nothing new"
    with pytest.raises(PrivacyError, match="Another request was answered"):
        alpha.respond(second)
    alpha.finish(told)
    for request in (first, second):
        with pytest.raises(PrivacyError, match=r"over|Another"):
            alpha.respond(request)


def test_an_offer_is_asked_about_once(alpha, beta):
    setup, _ = alpha.offer(OURS, "values", partner="beta")
    beta.request(setup, THEIRS, partner="alpha")
    with pytest.raises(PrivacyError, match="asked about already"):
        beta.request(setup, OURS, partner="alpha")
    with pytest.raises(PrivacyError, match="one's own"):
        alpha.request(setup, OURS, partner="alpha")


def test_a_pair_waits_a_day(alpha, beta):
    run(alpha, beta)
    soon = later(alpha, hours=23, minutes=59)
    with pytest.raises(PrivacyError, match="2026-11-02 09:00 UTC"):
        soon.offer(OURS, "size", partner="beta")
    setup, _ = alpha.offer(OURS, "size", partner="gamma")
    with pytest.raises(PrivacyError, match="alpha was answered"):
        later(beta, hours=23).request(setup, THEIRS, partner="alpha")
    set_back = later(alpha, days=-3)
    with pytest.raises(PrivacyError):
        set_back.offer(OURS, "size", partner="beta")
    _, transcript = soon.offer(OURS, "size", partner="beta", override="Court order 7")
    assert transcript.override == "Court order 7"
    later(alpha, hours=24).offer(OURS, "size", partner="beta")


def test_two_offers_made_at_once_are_not_both_answered(alpha, beta, tmp_path):
    setups = [alpha.offer(OURS, "values", partner="beta")[0] for _ in range(2)]
    sides = [beta, Runs(Ledger(tmp_path / "again"), NOW)]
    requests = [side.request(setup, THEIRS, partner="alpha")[0] for side, setup in zip(sides, setups, strict=True)]
    alpha.respond(requests[0])
    with pytest.raises(PrivacyError, match="was answered at"):
        alpha.respond(requests[1])


def test_more_than_was_offered_is_not_given(alpha, beta):
    setup, _ = alpha.offer(OURS, "size", partner="beta")
    greedy = Message(setup.header.model_copy(update={"reveal": "values"}), setup.body)
    request, _ = beta.request(greedy, THEIRS, partner="alpha")
    with pytest.raises(TrustError, match="does not belong"):
        alpha.respond(request)
    honest_words = request.header.model_copy(update={"reveal": "size", "answers": setup.sha256})
    with pytest.raises(TrustError, match="more than was offered"):
        alpha.respond(Message(honest_words, request.body))


def test_messages_of_different_runs_are_not_mixed(alpha, beta, tmp_path):
    setup, _ = alpha.offer(OURS, "values", partner="beta")
    request, _ = beta.request(setup, THEIRS, partner="alpha")
    other_setup, _ = alpha.offer(OURS, "values", partner="gamma")
    response, _ = alpha.respond(request)
    with pytest.raises(TrustError, match="not the setup"):
        beta.reveal(response, THEIRS, other_setup)
    with pytest.raises(InputError, match="60 values were asked about, and these are 59"):
        beta.reveal(response, collected(list(THEIRS.items.values())[1:], "account"), setup)
    with pytest.raises(InputError, match="other member"):
        alpha.reveal(response, OURS, setup)
    with pytest.raises(InputError, match="not begun here"):
        Runs(Ledger(tmp_path / "nobody"), NOW).respond(request)
    forged = Message(response.header.model_copy(update={"answers": setup.sha256}), response.body)
    with pytest.raises(TrustError, match="does not belong"):
        beta.reveal(forged, THEIRS, setup)


def _damaged(message):
    yield Message(message.header, message.body[:-5])
    yield Message(message.header, b"\xff" * 100)
    yield Message(message.header, b"")
    yield Message(message.header, re.sub(rb"([\n\x12]!)[\x02\x03]", b"\\1\x00", message.body))


def test_damaged_messages_are_refused_in_words(alpha, beta):
    setup, _ = alpha.offer(OURS, "values", partner="beta")
    request, _ = beta.request(setup, THEIRS, partner="alpha")
    response, _ = alpha.respond(request)
    gamma = Runs(Ledger(beta.ledger.folder.with_name("gamma")), NOW)
    for broken in _damaged(request):
        with pytest.raises((ExchangeError, PrivacyError)):
            alpha.respond(broken)
    for broken in _damaged(response):
        with pytest.raises(ExchangeError):
            beta.reveal(broken, THEIRS, setup)
    for broken in list(_damaged(setup))[:3]:
        with pytest.raises((ExchangeError, PrivacyError)):
            gamma.request(broken, THEIRS, partner="alpha")


def test_a_flipped_byte_is_noticed_before_an_offer_is_used_up(alpha, beta):
    setup, _ = alpha.offer(OURS, "values", partner="beta")
    request, _ = beta.request(setup, THEIRS, partner="alpha")
    for place in range(0, len(request.raw), 97):
        raw = bytearray(request.raw)
        raw[place] ^= 0x01
        with pytest.raises(ExchangeError):
            alpha.respond(Message.parse(bytes(raw), "request"))
    alpha.respond(Message.parse(request.raw, "request"))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_a_file_that_is_no_message_is_refused(raw):
    with pytest.raises(ExchangeError):
        Message.parse(raw, "setup")


@pytest.mark.parametrize("run_name", ["../../etc/passwd", "a" * 31, "A" * 32, "g" * 32, ""])
def test_a_run_of_another_name_is_no_run(run_name):
    raw = json.dumps(
        {
            "message": "request",
            "v": 1,
            "run": run_name,
            "class": "account",
            "reveal": "size",
            "size": 30,
            "body": hashlib.sha256(b"").hexdigest(),
        }
    )
    with pytest.raises(ExchangeError):
        Message.parse(raw.encode() + b"\n", "request")
    with pytest.raises(InputError):
        Ledger.transcript(Ledger(None), run_name)


def test_messages_go_through_files(alpha, tmp_path):
    setup, _ = alpha.offer(OURS, "size", partner="beta")
    save(setup, tmp_path / "setup.bin")
    assert load(tmp_path / "setup.bin", "setup") == setup
    with pytest.raises(ExchangeError, match="This is a setup, and a request is needed"):
        load(tmp_path / "setup.bin", "request")
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "nothing.bin", "setup")


def test_a_transcript_can_be_read_again(alpha):
    _, transcript = alpha.offer(OURS, "size", partner="beta", override="why")
    assert alpha.ledger.transcript(transcript.run) == transcript
    assert Transcript.model_validate_json(transcript.text()) == transcript
