"""What was asked: the request schema, readers of the formats people have, pseudonyms.

The way in is `open_requests`; the formats are in `readers/`, one file each.
"""

from stillwatch.traffic.accounts import read_accounts
from stillwatch.traffic.pseudonyms import Key
from stillwatch.traffic.rejects import Rejects
from stillwatch.traffic.source import RequestSource, open_requests

__all__ = ["Key", "Rejects", "RequestSource", "open_requests", "read_accounts"]
