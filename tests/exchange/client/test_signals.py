"""What others said reaches a scan: a real exchange, two members' logs, and a campaign that one of them cannot see."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

SCENARIO = Path(__file__).parents[2] / "scenarios" / "alliance" / "loud-and-quiet.toml"
QUARANTINE = (sys.executable, "-m", "stillwatch.cli", "exchange", "member", "admit", "--quarantine")
pytestmark = pytest.mark.slow


class Provider:
    """A member with a log."""

    def __init__(self, exchange, name, logs):
        config, self.name, self.home = exchange.members[name].config, name, exchange.members[name].config.state.parent
        self.log, self.accounts = (str(logs / name / f"{table}.parquet") for table in ("requests", "accounts"))
        (self.home / "pseudonyms").write_bytes(secrets.token_bytes(32))
        (self.home / "pseudonyms").chmod(0o600)
        told = {
            "url": config.url,
            "auth": config.auth,
            "member": name,
            "secret_file": "secret",
            "key_file": "key.pem",
            "state": "state.sqlite",
            "publishers": ["alice"],
            "approvers": ["bob"],
        }
        lines = ["[exchange]", *(f"{key} = {json.dumps(value)}" for key, value in told.items())]
        lines += ["[pseudonyms]", 'key_file = "pseudonyms"', "[reviews]", 'path = "reviews.sqlite"']
        (self.home / "stillwatch.toml").write_text("\n".join(lines))

    def run(self, *arguments):
        command = [sys.executable, "-m", "stillwatch.cli", *arguments, "--config", str(self.home / "stillwatch.toml")]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "HOME": "/"})
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def scan(self, *options):
        return json.loads(self.run("scan", self.log, "--accounts", self.accounts, "--json", "--quiet", *options))

    def share(self, found):
        findings = self.home / "findings.json"
        findings.write_text(json.dumps(found))
        draft = json.loads(self.run("share", str(findings), "--accounts", self.accounts, "--as", "alice", "--json"))
        self.run("share", "--approve", draft["draft"], "--as", "bob", "--quiet")


@pytest.fixture
def logs(tmp_path):
    made = tmp_path / "logs"
    subprocess.run(
        [sys.executable, "-m", "stillwatch.cli", "simulate", str(SCENARIO), "--out", str(made), "--quiet"], check=True
    )
    return made


def named(found):
    return {account["account_id"] for campaign in found["campaigns"] for account in campaign["accounts"]}


def planted(logs, provider):
    truth = pq.read_table(logs / "truth" / "accounts.parquet").to_pylist()
    return {row["account_id"] for row in truth if row["provider"] == provider and row["campaign"]}


def test_one_provider_spares_another_what_it_cannot_see_itself(exchange, logs):
    alpha, beta = (Provider(exchange, name, logs) for name in ("alpha", "beta"))
    found = alpha.scan()
    assert named(found) == planted(logs, "alpha")
    assert named(beta.scan()) == set(), "too little to be seen there"
    alpha.share(found)
    beta.run("sync", "--quiet")
    told = beta.scan()
    assert named(told) == planted(logs, "beta")
    (campaign,) = told["campaigns"]
    assert "alliance" in campaign["families"]
    assert campaign["indicators"]
    assert named(beta.scan("--no-exchange")) == set()
    subprocess.run([*QUARANTINE, "alpha", "--db", exchange.database], check=True, capture_output=True)
    beta.run("sync", "--quiet")
    assert named(beta.scan()) == set(), "who is in quarantine matches nothing"


def test_an_exchange_that_cannot_be_asked_leaves_the_scan_as_it_was_and_the_findings_say_so(exchange, logs):
    alpha, beta = (Provider(exchange, name, logs) for name in ("alpha", "beta"))
    alpha.share(alpha.scan())
    beta.run("sync", "--quiet")
    exchange.kill()
    found = beta.scan()
    assert found["campaigns"] == []
    assert any("was not weighed" in note for note in found["inputs"]["notes"])
    exchange.start()
