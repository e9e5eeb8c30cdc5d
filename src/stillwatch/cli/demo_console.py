"""A console for a member of the demonstration: what `stillwatch demo --exchange` ends with.

    opening = filled(member, [alone, together])          # the command that serves it, and who may sign in

The member's settings get what the console needs, beside what its exchange has; the findings are taken in one after the
other, as scans would have brought them; measures wait for a person, and one customer objects.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stillwatch.cli.demo_exchange import Member, run
from stillwatch.config.loading import toml

ADDRESS = "http://127.0.0.1:8090"  # where `stillwatch serve console` listens by default
PEOPLE = {"alice": "operator", "bob": "approver", "carol": "analyst"}
#: What the policy of the demonstration says otherwise than the one that comes with stillwatch.
_POLICY = {
    # the traffic is of some months ago: nobody is spared because he has been quiet since
    "evidence_age_days = { least = 7 }": "evidence_age_days = { least = 9999 }",
    # so that something waits for a person
    'name = "a critical campaign, on our own evidence of two families"\nseverity = ["critical"]': (
        'name = "a strong campaign, on our own evidence of two families"\nseverity = ["high", "critical"]'
    ),
}
_APPEAL = "These are the keys of our team. We grade answers with them, and have done so since spring."


@dataclass(frozen=True)
class Opening:
    """How the console is opened."""

    settings: Path
    password: Path  # of all its people


def filled(member: Member, findings: Sequence[Path]) -> Opening:
    """Fills it.

    Args:
        member: whose console it is; a member's findings are nobody else's business.
        findings: of its scans, the oldest first.

    Raises:
        ConfigError: the extra `console` is not installed.
        StillwatchError: a command failed; with its own words.
    """
    home, newest = member.settings.parent.resolve(), findings[-1].resolve()
    with member.settings.open("a", encoding="utf-8") as settings:
        settings.write(_settings(home, newest))
    _write_policy(member, home / "policy.toml")
    _taken_in(member, findings)
    accounts = str(member.log / "accounts.parquet")
    member.run("respond", str(newest), "--accounts", accounts, "--apply", "--as", "alice", "--quiet")
    _objected(member)
    return Opening(member.settings, _let_in(member))


def _settings(home: Path, findings: Path) -> str:
    return f"""
[console]
db = {toml(home / "console.sqlite")}
findings = {toml(findings)}

[response]
policy = {toml(home / "policy.toml")}
ledger = {toml(home / "ledger.sqlite")}
relay = {toml(home / "relay")}
people = {json.dumps(list(PEOPLE))}
"""


def _write_policy(member: Member, path: Path) -> None:
    run("policy", "init", str(path), "--quiet", tell=member.tell)
    text = path.read_text(encoding="utf-8")
    for before, after in _POLICY.items():
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def _taken_in(member: Member, findings: Sequence[Path]) -> None:
    from stillwatch.cli import options
    from stillwatch.reports.document import loads
    from stillwatch.web.store import intake

    with options.opened_console(options.load_settings(member.settings)) as store:
        for each in findings:
            intake.take(store, loads(each.read_bytes(), where=str(each)), datetime.now(UTC))


def _objected(member: Member) -> None:
    """One customer of those who are touched appeals."""
    standing = json.loads(member.run("decisions", "list", "--json"))["standing"]
    touched = [each["id"] for each in standing if each["scope"] == "account" and each["action"] != "observe"]
    if touched:
        member.run("appeal", "open", touched[0], "--text", _APPEAL, "--contact", "team@customer.example", "--quiet")


def _let_in(member: Member) -> Path:
    file = member.settings.with_name("password")
    file.touch(mode=0o600)
    file.write_text(secrets.token_urlsafe(15) + "\n", encoding="ascii")
    for name, role in PEOPLE.items():
        member.run("console", "people", "add", name, "--role", role, "--password-file", str(file), "--quiet")
    return file
