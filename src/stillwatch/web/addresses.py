"""A name that others chose, as one step of a path: a campaign's id may hold slashes, dots, question marks.

segment("c-1/2")             # "c-1%252F2": what stands in an address
name("c-1%2F2")              # "c-1/2": from the path as a server gets it, which is decoded once
"""

from urllib.parse import quote, unquote

_FORMATS = (".json", ".csv")  # of a page's address


def segment(text: str) -> str:
    """A step of a path. Encoded twice, since servers and proxies decode once, and a slash would then part it."""
    once = quote(text, safe="")
    if not once.strip(".") or once.endswith(_FORMATS):
        once = once.replace(".", "%2E")
    return quote(once, safe="")


def name(step: str) -> str:
    """What a step of a path says, after it was decoded once."""
    return unquote(step)
