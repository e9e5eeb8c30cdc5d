import dataclasses
import os
import time

import pytest
from msgspec.structs import replace

from stillwatch.config import GatewayConfig, load
from stillwatch.errors import ConfigError
from stillwatch.gateway.bodies import Prompt, prompt_of
from stillwatch.gateway.breaker import ON_END
from stillwatch.gateway.guarding import Guarding, Heard, Outcome
from stillwatch.gateway.identity import Who
from stillwatch.profiles import wire
from stillwatch.response.model import Limits, Rung, Spent
from stillwatch.response.relay.places import open_relay
from stillwatch.response.relay.protocol import RelayError, Told
from stillwatch.response.snapshot import Snapshot

from .asking import CAMPAIGN, TEMPLATE, measure, snapshot

LONG = "Explain why the treaty of 1982 leaves the question of inspection to the port state, and who may object. "


def heard(account, *turns, **more):
    messages = tuple(("user", turn) for turn in turns)
    return Heard(account, prompt=Prompt("m", messages=messages), size=100, **more)


def in_force(action=Rung.VERIFY, *, template="", **more):
    """A measure against "banned", and against whoever is recognised as the campaign's."""
    found, made = measure(action, **more), snapshot(template=template)
    return dataclasses.replace(made, accounts={"banned": found}, campaigns={CAMPAIGN: found})


def test_a_banned_template_on_a_fresh_account_is_recognised():
    guarding = Guarding(snapshot=in_force(template=TEMPLATE))
    verdict = guarding.judge(heard("fresh", TEMPLATE + "whales are fish."))
    assert (verdict.status, verdict.sighting, verdict.campaign) == (403, "template", CAMPAIGN)
    assert guarding.judge(heard("innocent", LONG)).status == 0
    assert guarding.counts["recognised.template"] == 1


def late(guarding, account, *turns):
    """A request that is judged by who asks alone, and recognised when it has passed."""
    asked = heard(account, *turns)
    return guarding.judge(Heard(account)), guarding.recognise(asked)


def test_who_is_recognised_after_his_request_has_passed_is_reported_and_not_denied():
    guarding = Guarding(snapshot=in_force(template=TEMPLATE))
    judged, recognised = late(guarding, "fresh", TEMPLATE + "whales are fish.")
    assert (judged.status, recognised.status, recognised.sighting) == (0, 403, "template")
    assert guarding.counts == {"decided": 1, "recognised.template": 1, "too_late": 1}
    assert guarding.judge(heard("another", TEMPLATE + "whales are fish.")).sighting == "template", "nobody was denied"


@pytest.mark.parametrize("account", ["banned", "fresh", "innocent"])
@pytest.mark.parametrize("more", [{}, {"simulated": True}], ids=["real", "simulated"])
def test_a_request_that_is_recognised_late_is_counted_and_charged_once(account, more):
    rules = in_force(Rung.BUDGET, template=TEMPLATE, limits=Limits(requests_per_hour=1), **more)
    text = LONG if account == "innocent" else TEMPLATE + "whales are fish."
    twice, once = Guarding(snapshot=rules), Guarding(snapshot=rules)
    late(twice, account, text)
    once.judge(heard(account, text))
    assert twice.counts == once.counts
    assert twice.state.spent == once.state.spent


def test_a_prompt_that_was_denied_and_comes_from_another_account_is_failover():
    guarding = Guarding(snapshot=in_force())
    assert guarding.judge(heard("banned", LONG)).status == 403
    verdict = guarding.judge(heard("spare", LONG))
    assert (verdict.status, verdict.sighting) == (403, "failover")
    assert guarding.judge(heard("innocent", "Thanks, go on.")).status == 0


def test_a_simulated_measure_denies_nobody_and_leads_to_no_failover():
    guarding = Guarding(snapshot=in_force(simulated=True))
    assert guarding.judge(heard("banned", LONG)).status == 0
    assert guarding.judge(heard("other", LONG)).sighting is None
    assert guarding.counts["simulated.verify"] == 1


def test_a_conversation_that_goes_on_under_another_account():
    guarding = Guarding(snapshot=in_force())
    guarding.judge(heard("banned", LONG, LONG + "And then?"))
    verdict = guarding.judge(heard("spare", LONG, LONG + "And what if not?"))
    assert (verdict.status, verdict.sighting) == (403, "conversation")


def test_a_reasoning_block_that_another_account_received():
    guarding = Guarding(snapshot=in_force())
    answer = b'{"content":[{"type":"thinking","thinking":"...","signature":"EqQBCgYIAxgC"}]}'
    first = heard("banned", LONG)
    guarding.heard(first, guarding.judge(heard("x", "y")), Outcome(200, answer=answer, sealed=answer))
    guarding.report()
    body = {"messages": [{"role": "assistant", "content": [{"type": "thinking", "signature": "EqQBCgYIAxgC"}]}]}
    presented = Heard("spare", prompt=prompt_of(body))
    verdict = guarding.judge(presented)
    assert (verdict.status, verdict.sighting) == (403, "reasoning")
    assert guarding.judge(replace(presented, account="banned")).sighting is None


def test_a_reasoning_block_of_nobodys_campaign_is_counted():
    guarding = Guarding()
    answer = b'{"signature":"EqQBCgYIAxgC"}'
    guarding.heard(heard("a", LONG), guarding.judge(heard("a", LONG)), Outcome(200, sealed=answer))
    guarding.report()
    body = {"messages": [{"role": "assistant", "content": [{"type": "thinking", "signature": "EqQBCgYIAxgC"}]}]}
    assert guarding.judge(Heard("b", prompt=prompt_of(body))).status == 0
    assert guarding.counts["reasoning_of_another"] == 1


def test_a_budget_is_the_campaigns():
    guarding = Guarding(snapshot=in_force(Rung.BUDGET, limits=Limits(requests_per_hour=3)))
    assert [guarding.judge(heard("banned", "x")).status for _ in range(5)] == [0, 0, 0, 429, 429]


def test_tokens_are_charged_once_they_are_folded():
    guarding = Guarding(snapshot=in_force(Rung.BUDGET, limits=Limits(tokens_per_hour=100)))
    asked = heard("banned", "x")
    guarding.heard(asked, guarding.judge(asked), Outcome(200, input_tokens=40, output_tokens=60))
    assert guarding.judge(asked).status == 0
    guarding.report()
    assert guarding.judge(asked).status == 429


def test_expiry_lifts_a_measure_by_itself():
    guarding = Guarding(snapshot=in_force(until=100))
    now = time.time()
    assert [guarding.judge(heard("banned", "x", time=now + t)).status for t in (0, 99, 101)] == [403, 403, 0]


@pytest.mark.parametrize("jump", [-1e9, -86400, 86400, 1e9, 1e11])
def test_a_clock_that_jumps_ends_or_suspends_measures_and_nothing_else(jump):
    guarding = Guarding(snapshot=in_force(Rung.BUDGET, limits=Limits(requests_per_hour=1)))
    now = time.time()
    guarding.judge(heard("banned", "x", time=now))
    asked = heard("banned", "x", time=now + jump)
    verdict = guarding.judge(asked)
    assert (verdict.status, verdict.fault) == (0, "")
    guarding.heard(asked, verdict, Outcome(200))
    guarding.report()
    assert "report_failed" not in guarding.counts
    assert guarding.judge(heard("banned", "x", time=now)).action == Rung.BUDGET


@pytest.mark.parametrize(("fail", "status"), [("open", 0), ("closed", 503)])
@pytest.mark.parametrize(
    ("asked", "fault"),
    [(heard("", LONG), "no_account"), (heard("a", fault="unreadable"), "unreadable"),
     (heard("a", fault="too_large"), "too_large"),
     (Heard("a", prompt=None), "failed")],
)  # fmt: skip
def test_what_cannot_be_judged_passes_or_not_as_the_settings_say(fail, status, asked, fault):
    guarding = Guarding(GatewayConfig(fail=fail))
    assert guarding.judge(asked).status == status
    assert guarding.counts[f"fault.{fault}"] == 1
    assert guarding.counts[f"failed_{fail}"] == 1


def test_who_is_known_is_denied_whatever_the_body():
    guarding = Guarding(snapshot=in_force())
    assert guarding.judge(heard("banned", fault="unreadable")).status == 403


def test_a_body_that_cannot_be_read_is_named():
    guarding, who = Guarding(), Who("a", "", "", "")
    assert guarding.hear(who, b"{").fault == "unreadable"
    assert guarding.hear(who, b"{}", "br").fault == "encoded"
    assert guarding.hear(who, b'{"messages":[]}').fault == ""


def test_whoever_is_slow_is_left_out_and_known_accounts_are_still_denied():
    guarding = Guarding(GatewayConfig(budget_ms=1e-6), snapshot=in_force(template=TEMPLATE))
    for _ in range(ON_END):
        assert guarding.judge(heard("fresh", TEMPLATE)).status == 403
    assert guarding.counts["breaker_opened"] == 1
    assert guarding.judge(heard("fresh", TEMPLATE)).status == 0
    assert guarding.judge(heard("banned", TEMPLATE)).status == 403
    assert guarding.counts["fault.slow"] >= 1


def test_the_switch_lets_everybody_pass():
    held = measure(Rung.HOLD)
    guarding = Guarding(snapshot=Snapshot(1, enabled=False, accounts={"banned": held}))
    assert guarding.judge(heard("banned", LONG)).status == 0


def test_what_was_seen_arrives_folded_and_measures_come_back(tmp_path):
    relay = open_relay(str(tmp_path / "relay"))
    guarding = Guarding(GatewayConfig(report_seconds=0.05), relay=relay)
    guarding.start()
    asked = heard("banned", LONG)
    assert guarding.judge(asked).status == 0
    guarding.heard(asked, guarding.judge(asked), Outcome(200, 3, 4))
    relay.publish(in_force())
    until = time.monotonic() + 10
    while not guarding.judge(asked).status and time.monotonic() < until:
        time.sleep(0.02)
    guarding.judge(heard("spare", LONG))
    guarding.close()
    taps = list(relay.take({}))
    assert [tap.number for tap in taps] == list(range(1, len(taps) + 1))
    assert sum(len(wire.loads(tap.profiles)) for tap in taps) == 1
    assert [(s.account, s.kind) for tap in taps for s in tap.sightings] == [("spare", "failover")]
    assert sum(tap.counts.get("denied.verify", 0) for tap in taps) == 2
    assert not guarding.running
    for file in (tmp_path / "relay").rglob("*.tap"):
        assert b"treaty" not in file.read_bytes()


def test_it_can_be_started_again():
    guarding = Guarding(GatewayConfig(report_seconds=0.01))
    for _ in range(2):
        guarding.start()
        guarding.start()
        asked = heard("a", LONG)
        guarding.heard(asked, guarding.judge(asked), Outcome(200))
        assert guarding.running
        guarding.close()
        assert guarding.rows.waiting == []


class Gone:
    """A relay that is gone until it is not."""

    def __init__(self):
        self.there, self.taps, self.owed = False, [], []

    def report(self, tap, _known, _hour, deltas):
        self.taps.append(tap)
        self.owed.append(deltas)
        if not self.there:
            raise RelayError("gone")
        return Told(None, deltas)


def test_a_relay_that_is_gone_costs_nothing_and_gets_everything_later():
    relay = Gone()
    guarding = Guarding(relay=relay, snapshot=in_force(Rung.BUDGET, limits=Limits(requests_per_hour=100)))
    for _ in range(3):
        asked = heard("banned", LONG)
        guarding.heard(asked, guarding.judge(asked), Outcome(200, 3, 4))
        guarding.report()
    assert guarding.counts["relay_failed"] == 3
    relay.there = True
    guarding.report()
    guarding.report()
    first, *again, last = relay.taps
    assert all(tap is first for tap in again)
    assert (first.number, last.number) == (1, 2)
    requests = [wire.loads(tap.profiles)["requests"].tolist() for tap in (first, last)]
    assert requests == [[1], [2]]
    assert relay.owed[-2] == {CAMPAIGN: Spent(3, 21)}
    assert relay.owed[-1] == {CAMPAIGN: Spent()}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # threads: of Python 3.12 on
def test_a_forked_process_reports_under_a_name_of_its_own(tmp_path):
    relay = open_relay(str(tmp_path))
    guarding = Guarding(GatewayConfig(report_seconds=0.05), relay=relay)
    guarding.start()
    child = os.fork()
    if not child:
        code = 1
        try:
            asked = heard("child", LONG)
            guarding.start()
            guarding.heard(asked, guarding.judge(asked), Outcome(200))
            guarding.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    asked = heard("parent", LONG)
    guarding.heard(asked, guarding.judge(asked), Outcome(200))
    guarding.close()
    seen = {tap.gateway: wire.loads(tap.profiles).ids.to_pylist() for tap in relay.take({}) if tap.profiles}
    assert sorted(seen.values()) == [["child"], ["parent"]]


def test_settings_are_held_to(tmp_path):
    guarding = Guarding.of(
        load(None, {"STILLWATCH_RESPONSE__RELAY": str(tmp_path), "STILLWATCH_GATEWAY__FAIL": "closed"})
    )
    assert guarding.judge(heard("", LONG)).status == 503
    with pytest.raises(ConfigError, match="key"):
        Guarding.of(load(None, {"STILLWATCH_PSEUDONYMS__REQUIRED": "true", "XDG_CONFIG_HOME": str(tmp_path)}))


def test_nothing_of_a_prompt_is_logged(capfd, caplog):
    guarding = Guarding(snapshot=in_force(template=TEMPLATE))
    for asked in (heard("banned", LONG), heard("fresh", TEMPLATE), heard("", LONG), Heard("a", prompt=None)):
        guarding.heard(asked, guarding.judge(asked), Outcome(200))
    guarding.report()
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""
