"""A ClickHouse server: small answers whole, large ones as a stream of Arrow batches, its faults in one line each."""

import logging
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stillwatch.errors import ConfigError, InputError
from stillwatch.traffic.storage.clickhouse.address import PASSWORD, Address

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 300
_CREDENTIALS = f"Check the user in the address, and {PASSWORD} or input.password_file."
#: ClickHouse's error codes (src/Common/ErrorCodes.cpp) that a user can do something about.
_CODES = {
    47: ("The query names a column that is not there", "Check the query."),
    60: ("There is no such table", "Check the address: clickhouse://user@host:8443/database/table."),
    62: ("The query is no valid SELECT", "Check the query's file."),
    81: ("There is no such database", "Check the address: clickhouse://user@host:8443/database/table."),
    159: ("The server gave up: the query took too long", "Raise the user's max_execution_time."),
    192: ("The server does not know this user", _CREDENTIALS),
    193: ("The server does not accept this password", _CREDENTIALS),
    194: ("The server asks for a password", _CREDENTIALS),
    241: ("The server ran out of the memory that it allows a query", "Raise the user's max_memory_usage."),
    497: ("This user may not read that", "Grant it SELECT on the table."),
    516: ("The server does not accept this user and password", _CREDENTIALS),
}


class Broken(Exception):  # noqa: N818 - a stream that ended too soon, not what a user sees
    """A stream that broke, through no fault of the query: it may be read again."""


class Server:
    """One server and user; connected at the first question."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a small answer.

        Raises:
            InputError: the server cannot be reached, or refuses.
            ConfigError: the extra `clickhouse` is not installed.
        """
        client = self._client
        try:
            return [tuple(row) for row in client.query(sql).result_rows]
        except Exception as error:
            raise self._told(error) from error

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The blocks of a large answer, one at a time.

        Raises:
            InputError: the server refuses.
            Broken: it went away.
        """
        try:
            client: Any = self._client
            with closing(client.raw_stream(sql, fmt="ArrowStream", settings=self._settings)) as source:
                yield from pa.ipc.open_stream(source)
        except GeneratorExit:
            raise
        except Exception as error:
            told = self._told(error)
            if isinstance(told, _PassingError):
                raise Broken(told.what) from error
            raise told from error

    @cached_property
    def _client(self) -> "Client":
        address = self._address
        try:
            import clickhouse_connect  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            hint = "pip install 'stillwatch[clickhouse]'"
            raise ConfigError("This needs clickhouse-connect, which is not installed.", hint=hint) from None
        logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # its faults are told by us, once
        try:
            return clickhouse_connect.get_client(
                host=address.host,
                port=address.port,
                username=address.user,
                password=address.password,
                database=address.database,
                secure=address.secure,
                verify=address.verify,
                compress=False,  # Arrow's own blocks are compressed
                connect_timeout=_CONNECT_SECONDS,
                send_receive_timeout=_ANSWER_SECONDS,
                autogenerate_session_id=False,
                client_name="stillwatch",
            )
        except Exception as error:
            raise self._told(error) from error

    @cached_property
    def _settings(self) -> dict[str, str]:
        """What the stream should be like, as far as this user may say so."""
        wanted = {"output_format_arrow_string_as_string": "1", "output_format_arrow_low_cardinality_as_dictionary": "0"}
        known = self._client.server_settings
        return {name: value for name, value in wanted.items() if name in known and not known[name].readonly}

    def _told(self, error: Exception) -> InputError:
        if isinstance(error, InputError):
            return error
        where, code = self._address.text, getattr(error, "code", None)
        if code in _CODES:
            what, hint = _CODES[code]
            return InputError(f"{what}{_named(error) if code in (47, 60, 81) else ''}.", where=where, hint=hint)
        if code is not None:
            return InputError(f"The server refuses ({_first_line(error)}).", where=where, hint="See the server's log.")
        return _PassingError(
            "The server cannot be reached, or went away.",
            where=where,
            hint="Check host, port, ?secure=1 and the network; then run it again.",
        )


class _PassingError(InputError):
    """What another try may mend."""


def _named(error: Exception) -> str:
    found = _first_line(error).split("'")
    ticks = _first_line(error).split("`")
    name = next((parts[1] for parts in (ticks, found) if len(parts) > 2), "")
    return f": {name[:80]}" if name else ""


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
