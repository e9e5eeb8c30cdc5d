"""Which rows of which server: clickhouse://user@host:8443/database/table?secure=1, or a query from a file.

    clickhouse://scanner@ch.example:8443/logs/requests?secure=1
    clickhouse://scanner@ch.example/logs?query=requests.sql

The password is never in the address: it comes from CLICKHOUSE_PASSWORD, as ClickHouse's own client has it, or from the
file that `input.password_file` names.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from stillwatch.errors import ConfigError, InputError

SCHEME = "clickhouse"
PASSWORD = "CLICKHOUSE_PASSWORD"  # noqa: S105 - the variable's name
_SHAPE = "It is clickhouse://user@host:8443/database/table?secure=1, or ends in /database?query=FILE."
_OPTIONS = ("query", "secure", "verify")


@dataclass(frozen=True)
class Address:
    """Where the rows are.

    Args:
        text: as the user gave it; it holds no secret.
        rows: a table's quoted name, or a query in brackets: what stands behind FROM.
        verify: whether the server's certificate is checked.
        password: of the user.
    """

    text: str
    host: str
    port: int
    user: str
    database: str
    rows: str
    secure: bool
    verify: bool
    password: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, password_file: Path | None = None) -> Self:
        """Reads an address, the query it names and the password.

        Raises:
            ConfigError: it is none; or holds a password.
            InputError: the query cannot be read.
        """
        parts, options = urlsplit(text), dict(parse_qsl(urlsplit(text).query, keep_blank_values=True))
        if parts.password is not None:
            where = f"{SCHEME}://{parts.hostname}"
            hint = f"Set {PASSWORD}, or name a file by input.password_file."
            raise ConfigError(
                "A password in an address stands in histories and lists of processes.", where=where, hint=hint
            )
        if unknown := [name for name in options if name not in _OPTIONS]:
            hint = f"There are: {', '.join(_OPTIONS)}."
            raise ConfigError(f"The address has no option {unknown[0]!r}.", where=text, hint=hint)
        names = [unquote(name) for name in parts.path.split("/") if name]
        secure = options.get("secure", "0") in ("1", "true", "yes")
        return cls(
            text,
            host=_host(parts.hostname, text),
            port=_port(text) or (8443 if secure else 8123),
            user=unquote(parts.username or "default"),
            database=names[0] if len(names) > 1 or ("query" in options and names) else "default",
            rows=_query(options["query"]) if "query" in options else _table(names, text),
            secure=secure,
            verify=options.get("verify", "1") not in ("0", "false", "no"),
            password=_password(password_file),
        )


def _host(host: str | None, text: str) -> str:
    if not host:
        raise ConfigError("The address names no host.", where=text, hint=_SHAPE)
    return host


def _port(text: str) -> int | None:
    try:
        return urlsplit(text).port
    except ValueError:
        raise ConfigError("The address has no valid port.", where=text, hint=_SHAPE) from None


def _table(names: list[str], text: str) -> str:
    if len(names) not in (1, 2):
        raise ConfigError("The address names no table.", where=text, hint=_SHAPE)
    return ".".join(map(quoted, names))


def quoted(name: str) -> str:
    """A name as ClickHouse takes any."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _query(file: str) -> str:
    try:
        text = Path(file).read_text("utf-8").strip().rstrip(";").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("The query cannot be read.", where=file, hint="Name a file with one SELECT.") from error
    if not text:
        raise InputError("The query is empty.", where=file, hint="Name a file with one SELECT.")
    return f"(\n{text}\n)"  # a comment at its end must not swallow the bracket


def _password(file: Path | None) -> str:
    if file is None:
        return os.environ.get(PASSWORD, "")
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        hint = "input.password_file names a file that holds the password alone."
        raise ConfigError("The password cannot be read.", where=str(file), hint=hint) from error
