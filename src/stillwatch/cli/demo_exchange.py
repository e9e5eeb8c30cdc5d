"""A forum of providers on this machine: what `stillwatch demo --exchange` shows, and bench/alliance.py measures.

    with forum(folder, {"alpha": alpha_logs, "beta": beta_logs}, tell) as members:
        findings = [member.scan("alone.json", "--no-exchange") for member in members]

Every step is the command that a user would give, and is told. The exchange, its members' settings and their secrets
stay in the folder, so that one may go on by hand.
"""

import json
import secrets
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import StillwatchError

Tell = Callable[[str], None]
_PROGRAM = (sys.executable, "-m", "stillwatch.cli")
_FINDINGS = "forum/findings"


@dataclass(frozen=True)
class Member:
    """One provider: its log, and its settings at the exchange."""

    name: str
    log: Path  # a folder with requests.parquet and accounts.parquet
    settings: Path
    tell: Tell

    def run(self, *arguments: str) -> str:
        """Gives a command with this member's settings; what it printed."""
        return run(*arguments, "--config", str(self.settings), tell=self.tell)

    def scan(self, to: str, *options: str) -> Path:
        """Scans the log; where the findings are."""
        findings, accounts = self.settings.with_name(to), str(self.log / "accounts.parquet")
        log = str(self.log / "requests.parquet")
        self.run("scan", log, "--accounts", accounts, "-o", str(findings), "--quiet", *options)
        return findings

    def share(self, findings: Path) -> None:
        """One person drafts what may leave, another approves it."""
        if not json.loads(findings.read_bytes())["campaigns"]:
            return
        accounts = str(self.log / "accounts.parquet")
        drafted = json.loads(self.run("share", str(findings), "--accounts", accounts, "--as", "alice", "--json"))
        self.run("share", "--approve", drafted["draft"], "--as", "bob", "--quiet")

    def sync(self, *options: str) -> None:
        """Hears what the others said."""
        self.run("sync", "--quiet", *options)

    def confirm(self, findings: Path) -> None:
        """Judges the first campaign to which others' indicators led, and tells them."""
        led = [each["id"] for each in json.loads(findings.read_bytes())["campaigns"] if each["indicators"]]
        if led:
            reason = "The bank reported the cards as stolen."
            self.run(
                "review",
                led[0],
                "-f",
                str(findings),
                "--as",
                "confirmed",
                "--reason",
                reason,
                "--author",
                "alice",
                "--quiet",
            )
            self.sync("--findings", str(findings))


@contextmanager
def forum(folder: Path, logs: Mapping[str, Path], tell: Tell = lambda _command: None) -> Iterator[list[Member]]:
    """A running exchange with a member for each log.

    Args:
        folder: where it is kept; must not hold another.
        logs: by the member's name.
        tell: told each command before it is given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    db = str(folder / "forum.sqlite")
    run("exchange", "init", "--db", db, "--title", "A forum", "--quiet", tell=tell)
    run("exchange", "root", "add", "forum", "--title", "The forum", "--db", db, "--quiet", tell=tell)
    run("exchange", "collection", "add", "forum", "Findings", "--alias", "findings", "--db", db, tell=tell)
    homes = {name: _joined(name, folder, db, tell) for name in logs}
    with _serving(db, tell) as url:
        for name, home in homes.items():
            (home / "stillwatch.toml").write_text(_settings(name, url), encoding="utf-8")
        yield [Member(name, log, homes[name] / "stillwatch.toml", tell) for name, log in logs.items()]


def run(*arguments: str, tell: Tell = lambda _command: None) -> str:
    """Gives a command; what it printed.

    Raises:
        StillwatchError: it failed; with its own words.
    """
    tell(shlex.join(("stillwatch", *arguments)))
    ran = subprocess.run([*_PROGRAM, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 — our own
    if ran.returncode:
        raise StillwatchError(f"ended with {ran.returncode}: {ran.stderr.strip()}", where=" ".join(arguments[:2]))
    return ran.stdout


def _joined(name: str, folder: Path, db: str, tell: Tell) -> Path:
    """Makes a member, with its secrets in a folder of its own."""
    from stillwatch.signing import SigningKey, to_base64

    home = folder / name
    home.mkdir()
    key = SigningKey.generate()
    key.save(home / "signing.pem")
    (home / "signing.pub").write_text(to_base64(key.public) + "\n", encoding="ascii")
    rights = ("--read", _FINDINGS, "--write", _FINDINGS, "--public-key", str(home / "signing.pub"), "--admitted")
    made = json.loads(run("exchange", "member", "add", name, *rights, "--db", db, "--json", tell=tell))
    for file, content in (("secret", made["secret"].encode()), ("pseudonyms", secrets.token_bytes(32))):
        (home / file).touch(mode=0o600)
        (home / file).write_bytes(content)
    return home


@contextmanager
def _serving(db: str, tell: Tell) -> Iterator[str]:
    """The exchange in a process of its own; gives its address."""
    command = ("serve", "exchange", "--db", db, "--listen", "127.0.0.1:0", "--quiet")
    tell(shlex.join(("stillwatch", *command)))
    process = subprocess.Popen([*_PROGRAM, *command], stdout=subprocess.PIPE, text=True)  # noqa: S603 — our own
    try:
        ready = process.stdout.readline() if process.stdout else ""
        if not ready.startswith("Serving "):
            raise StillwatchError("The exchange did not start.", where="serve exchange")
        yield ready.removeprefix("Serving ").strip()
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _settings(name: str, url: str) -> str:
    return f"""\
[exchange]
url = "{url}"
member = "{name}"
secret_file = "secret"
key_file = "signing.pem"
state = "state.sqlite"
publishers = ["alice"]
approvers = ["bob"]

[pseudonyms]
key_file = "pseudonyms"

[reviews]
path = "reviews.sqlite"
"""
