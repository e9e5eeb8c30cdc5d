import json

import pytest

from stillwatch.gateway import tap
from stillwatch.gateway.bodies import Prompt, read
from stillwatch.gateway.tap import Row, Rows, usage
from stillwatch.profiles import wire
from stillwatch.profiles.accounts import COLUMNS, Profiles, profile
from stillwatch.traffic.intake import Intake, Place
from stillwatch.traffic.pseudonyms import Key
from stillwatch.traffic.readers.bodies import request_row, response_row
from stillwatch.traffic.rejects import Rejects

NOW = 1_800_000_000.25


def body(n):
    turns = [{"role": "user", "content": f"Turn {n}: " + "an argument about inspections at sea " * 9}] * (n % 3 + 1)
    system = [{"role": "system", "content": "You are a patient teacher of maritime law. " * 3}] * (n % 2)
    more = {"temperature": 0.5} if n % 4 else {"max_tokens": 100}
    return {"model": "m", "messages": system + turns} | more


def answer(n):
    signed = [{"type": "thinking", "thinking": "...", "signature": f"EqQBCgYIAxgC{n}"}] if n % 5 == 0 else []
    text = [{"type": "text", "text": "Well."}]
    return {"content": signed + text, "usage": {"input_tokens": n, "output_tokens": 2 * n}}


def test_a_gateways_profile_is_the_one_that_a_scan_of_the_log_makes():
    key, told = Key.ephemeral(), []
    rows = Rows(key, lambda *_: None, lambda account, blocks: told.append((account, blocks)))
    logged = []
    for n in range(600):
        raw, got = json.dumps(body(n)).encode(), json.dumps(answer(n)).encode()
        status = 200 if n % 7 else 429
        assert rows.add(Row(f"r-{n}", NOW + n, f"a-{n % 9}", "org", "203.0.113.7", read(raw), len(raw), status,
                            answer=got, sealed=got))  # fmt: skip
        row = {"request_id": f"r-{n}", "time": NOW + n, "account_id": f"a-{n % 9}", "organization_id": "org",
               "client_address": "203.0.113.7", "response_status": status}  # fmt: skip
        logged.append((Place(n), row | request_row(body(n)) | response_row(answer(n))))
    ours, scans = Profiles(), Profiles()
    assert rows.fold(ours) == 0
    rejects = Rejects()
    scans.absorb(profile(Intake(rejects, key, columns=COLUMNS).admit_rows(logged, "log")))
    assert wire.dumps(ours.ordered()) == wire.dumps(scans.ordered())
    assert len([blocks for _, blocks in told if blocks]) == 120


@pytest.mark.parametrize(
    ("content", "events", "found"),
    [
        (b'{"choices":[],"usage":{"prompt_tokens":5,"total_tokens":12,"completion_tokens":7}}', 0, (5, 7)),
        (
            b'{"content":"\\"usage\\":{\\"prompt_tokens\\":9}","usage":{"input_tokens": 5, "output_tokens" : 7}}',
            0,
            (5, 7),
        ),
        (
            b'data: {"usage":{"input_tokens":5,"output_tokens":1}}\n\n ... data: {"usage":{"output_tokens":7}}',
            40,
            (5, 7),
        ),
        (b'data: {"choices":[],"usage":null}\n\ndata: [DONE]', 40, (None, 40)),
        (b'{"usage":{"prompt_tokens":-1,"completion_tokens":"x"}}', 0, (None, None)),
        (b"", 0, (None, None)),
    ],
)
def test_usage(content, events, found):
    assert usage(content, events) == found


def row(n=0, *, time=NOW, size=10, charged=""):
    return Row(f"r-{n}", time, "a", "", "", Prompt(), size, 200, 3, 4, charged=charged)


def test_what_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(tap, "ROWS", 3)
    monkeypatch.setattr(tap, "BYTES", 100)
    rows = Rows(Key.ephemeral(), lambda *_: None, lambda *_: None)
    assert [rows.add(row(n, size=size)) for n, size in enumerate((90, 20, 10, 0, 0))] == [
        True,
        False,
        True,
        True,
        False,
    ]
    assert rows.fold(Profiles()) == 0
    assert rows.add(row())


def test_a_broken_clock_loses_its_rows_and_no_others():
    rows = Rows(Key.ephemeral(), lambda *_: None, lambda *_: None)
    for time in (NOW, 0.0, -1e30, 1e30, float("nan"), NOW):
        rows.add(row(time=time))
    found = Profiles()
    assert rows.fold(found) == 4
    assert found["requests"].tolist() == [2]


def test_profiles_that_wait_are_bounded(monkeypatch):
    monkeypatch.setattr(tap, "ACCOUNTS", 1)
    rows, found = Rows(Key.ephemeral(), lambda *_: None, lambda *_: None), Profiles()
    rows.add(row())
    assert rows.fold(found) == 0
    rows.add(row(1))
    assert rows.fold(found) == 1


def test_tokens_are_charged_as_they_become_known():
    charged = []
    rows = Rows(Key.ephemeral(), lambda *given: charged.append(given), lambda *_: None)
    rows.add(row(charged="c"))
    rows.add(row())
    rows.fold(Profiles())
    assert charged == [("c", 0, 7)]
