"""A campaign as the store keeps it: its JSON, compressed, with a digest by which one that says nothing new is known."""

import hashlib
import zlib
from collections.abc import Iterable
from functools import lru_cache

from stillwatch.reports.document import Campaign


def packed(campaign: Campaign) -> tuple[bytes, bytes]:
    """Digest and body; a person's review of it is no part of what a scan says."""
    text = campaign.model_dump_json(exclude={"review"}).encode()
    return hashlib.sha256(text).digest(), zlib.compress(text, 3)


def digest_of(whole: bytes, kept: Iterable[str] = ()) -> str:
    """Tells a packed campaign, or the part of one that these accounts are, from any other."""
    return hashlib.sha256(b"\0".join([whole, *(each.encode() for each in sorted(kept))])).hexdigest()


@lru_cache(maxsize=32)  # the parts of one page, and its next pages, are of the same campaign
def unpacked(body: bytes) -> Campaign:
    """What `packed` packed."""
    return Campaign.model_validate_json(zlib.decompress(body))
