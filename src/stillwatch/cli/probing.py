"""What the verbs of `stillwatch probe` share: the folder of keys, the examiner's key, the authority of time-stamps."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli import options
from stillwatch.cli.output import note, write_text
from stillwatch.errors import ConfigError

if TYPE_CHECKING:
    from stillwatch.config import Settings
    from stillwatch.forensics.custody.bundle import Bundle
    from stillwatch.forensics.custody.keys import Keyring
    from stillwatch.forensics.verdict import VerdictDocument
    from stillwatch.signing import SigningKey

keys = click.option("--keys", type=options.FILE, metavar="DIR", help="The folder of keys; forensics.keys by default.")
key_file = click.option(
    "--key-file", type=options.FILE, metavar="FILE", help="Your Ed25519 key; forensics.key_file by default."
)
authority = click.option(
    "--authority",
    type=options.FILE,
    metavar="FILE",
    help="Certificates in PEM whose time-stamps are believed; forensics.authority by default.",
)


@dataclass(frozen=True)
class Desk:
    """Whoever is at work here: with which keys, as whom, and when."""

    settings: "Settings"

    @classmethod
    def of(
        cls,
        config_file: Path | None,
        *,
        keys: Path | None = None,
        key_file: Path | None = None,
        authority: Path | None = None,
    ) -> "Desk":
        """The settings in force for this command line."""
        flags = {"forensics.keys": keys, "forensics.key_file": key_file, "forensics.authority": authority}
        return cls(options.load_settings(config_file, flags))

    @property
    def keyring(self) -> "Keyring":
        """The folder of keys, which need not be there yet."""
        from stillwatch.forensics.custody.keys import Keyring

        return Keyring(self.settings.config.forensics.keys)

    @property
    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC)

    @property
    def authority(self) -> bytes | None:
        """The certificates whose time-stamps are believed; None where none are named."""
        path = self.settings.config.forensics.authority
        try:
            return path.read_bytes() if path else None
        except OSError as error:
            raise ConfigError(f"The authority cannot be read ({error.strerror}).", where=str(path)) from None

    def signing(self, *, quiet: bool = False) -> "SigningKey":
        """Your key, made when it is first needed."""
        from stillwatch.signing import SigningKey

        path = self.settings.config.forensics.key_file
        if path.exists():
            return SigningKey.load(path)
        key = SigningKey.generate()
        path.parent.mkdir(parents=True, exist_ok=True)
        key.save(path)
        note(f"Your signing key was made: {path}. It is known as {key.key_id}.", quiet=quiet)
        return key


def rendered(document: "VerdictDocument") -> str | None:
    """The verdict as HTML; None where the extra that renders it is not installed."""
    try:
        from stillwatch.reports.verdict.html import verdict_html
    except ModuleNotFoundError:
        return None
    return verdict_html(document)


def write_html(bundle: "Bundle", document: "VerdictDocument", *, quiet: bool) -> None:
    """Lays the verdict into the bundle as one HTML file."""
    from stillwatch.forensics.custody.bundle import VERDICT_HTML

    html = rendered(document)
    if html is None:
        note("verdict.html is not written: that needs pip install 'stillwatch[report]'.", quiet=quiet)
    else:
        write_text(bundle.path(VERDICT_HTML), html)
