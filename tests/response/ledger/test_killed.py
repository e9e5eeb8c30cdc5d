"""Writers in processes of their own, at once and killed: nothing acknowledged is lost, and the chain is one."""

import subprocess
import sys
import time
from collections import Counter

import pytest

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from stillwatch.response.ledger.ledger import Ledger
from stillwatch.response.model import Decision, Rung

address, name, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
now = datetime(2026, 11, 2, 9, tzinfo=UTC)
with Ledger.open(address) as ledger:
    for n in range(most):
        ids = [f"d-{name}-{n}-{k}" for k in range(3)]
        whole = {"since": now, "until": now + timedelta(days=7), "reason": "coordinated_extraction"}
        whole |= {"evidence": (), "origin": "own", "simulated": False, "scope": "account", "action": Rung.CAP}
        ledger.decide([Decision(id=each, value=each, **whole) for each in ids], by=name, now=now)
        print(n, flush=True)
"""


def writer(address, name, most):
    program = [sys.executable, "-c", WRITER, address, name, str(most)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, text=True)


def written(ledger, now):
    """How many decisions of each (writer, batch) stand."""
    return Counter(tuple(each.id.split("-")[1:3]) for each in ledger.standing(now))


def test_killed_while_writing_loses_nothing_acknowledged_and_leaves_no_half(open_ledger, database_url, now):
    ledger = open_ledger()
    told = 0
    for life in range(3):
        process = writer(database_url, f"w{life}", 100_000)
        lines = [process.stdout.readline() for _ in range(20)]
        time.sleep(0.003 * life)
        process.kill()
        lines += process.communicate()[0].splitlines()
        told += sum(line.strip().isdecimal() for line in lines[:-1])
        found = written(ledger, now)
        assert set(found.values()) == {3}, "a transaction is there whole or not at all"
        acknowledged = {(f"w{life}", line.strip()) for line in lines[:-1]}
        assert acknowledged <= found.keys()
        ledger.verify()
    assert told >= 57


def test_writers_at_once_never_fork_the_chain(open_ledger, database_url, now):
    processes = [writer(database_url, f"w{n}", 40) for n in range(3)]  # they make the ledger at once, too
    for each in processes:
        each.communicate(timeout=60)
    assert [each.returncode for each in processes] == [0, 0, 0]
    ledger = open_ledger(create=False)
    assert len(written(ledger, now)) == 120
    assert ledger.verify().number == 1 + 120 * 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_ledger_is_readable_by_its_owner_only(open_ledger, tmp_path):
    open_ledger()
    assert {each.stat().st_mode & 0o777 for each in tmp_path.glob("exchange.sqlite*")} == {0o600}
