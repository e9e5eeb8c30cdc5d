"""Whether a form was sent from a page of ours.

Browsers say where a request comes from (https://www.w3.org/TR/fetch-metadata/; older ones, the Origin header), and no
page can make them say otherwise. What says neither is no browser, and has no cookies to be abused.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit


def foreign(headers: Mapping[str, str], public_url: str | None) -> bool:
    """Whether another site's page sent it.

    Args:
        headers: of the request, names in lower case.
        public_url: ours, as browsers see it; None: what the Host header says.
    """
    if site := headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return False
    ours = urlsplit(public_url).netloc if public_url else headers.get("host", "")
    return urlsplit(origin).netloc != ours
