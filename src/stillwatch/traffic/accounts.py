"""The accounts table: who signed up when, from where and with which card. Parquet, CSV, JSON lines or a JSON list.

accounts = read_accounts("accounts.parquet", key=key, rejects=rejects)   # a table of schema.ACCOUNTS
"""

from pathlib import Path

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.traffic.intake import Intake
from stillwatch.traffic.pseudonyms import Key
from stillwatch.traffic.readers import Native
from stillwatch.traffic.recognition import head_of
from stillwatch.traffic.rejects import Rejects
from stillwatch.traffic.schema import ACCOUNTS
from stillwatch.traffic.source import READ
from stillwatch.traffic.streams import Stream


def read_accounts(path: str | Path, *, key: Key, rejects: Rejects) -> pa.Table:
    """The accounts of a file, with tokens for what identifies people.

    An address has one token, whether somebody signed up from it or sent requests.

    Raises:
        InputError: missing, unreadable, corrupt, empty, or no accounts table.
    """
    intake = Intake(rejects, key, ACCOUNTS)
    stream = Stream(str(path))
    try:
        head = head_of(stream)
        if head.empty:
            raise InputError("The accounts table is empty.", where=str(path), hint="Leave it out if there is none.")
        if not any("account_id" in sample for sample in head.samples):
            raise InputError(
                "The table has no column account_id.", where=str(path), hint=f"It takes {', '.join(ACCOUNTS.names)}."
            )
        pieces = READ[head.kind](stream.restarted(), Native(), intake)
        return pa.Table.from_batches([decode() for _, decode in pieces], schema=intake.result)
    finally:
        stream.close()
