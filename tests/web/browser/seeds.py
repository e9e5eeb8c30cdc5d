"""Findings in which everything that a log could bring is an attack on whoever looks at them.

    document = loads(hostile(sample), where="hostile")

A page that shows them has failed if ATTACKED is not empty in its browser, or if its policy had to stop anything.
"""

import json
from itertools import cycle

from stillwatch.reports.document import dumps, to_document

#: What the attacks would leave behind: `document.documentElement.dataset.owned`.
_RUN = "document.documentElement.dataset.owned=1"

TEXTS = (
    f"</script><script>{_RUN}</script>",
    f"<img src=x onerror=\"{_RUN}\"><svg onload='{_RUN}'>",
    f"\"'` onmouseover={_RUN} autofocus onfocus={_RUN} x=",
    f'<a href="javascript:{_RUN}">click</a> javascript:{_RUN}',
    "{{ 7*7 }} {% raw %} ${7*7} #{7*7}",
    "\u202egnp.exe\u202c right to left, zero\u200b\u200c\u200d\ufeff width, \u2066isolated\u2069",
    "line\u2028separator \u2029 \x00 \x1b[31mred\x1b[0m \x07 \x85 \ud7ff \ufffe \U000e0041",
    "<!-- <style>*{display:none}</style> <base href=//elsewhere.example> <meta http-equiv=refresh content=0;url=//x>",
    "Z" + "\u0301" * 300,
    "=cmd|'/c calc'!A1",
)
NAMES = (
    f"<script>{_RUN}</script>",
    "../../sign-out?x=1#y",
    "a/b.json",
    "%2e%2e%2f%00",
    "\u202etxet desrever\u202c",
    "zero\u200bwidth",
    "javascript:alert(1)",
    '" onclick="' + _RUN,
    "x" * 4_000,
    "-1+1",
)
LONG = "A" * 2_500_000 + "<script>" + "\u202e" * 2_500_000  # 10 MB as UTF-8


def hostile(sample) -> str:
    """The sample's findings, where a campaign brings all of TEXTS and NAMES, and 5 MB of text."""
    found = json.loads(dumps(to_document(sample.findings())))
    texts, campaign = cycle(TEXTS), found["campaigns"][2]
    found["inputs"]["notes"] = list(TEXTS)
    names = {each["account_id"]: new for each, new in zip(campaign["accounts"], NAMES, strict=False)}
    for account in campaign["accounts"]:
        account["account_id"] = names.get(account["account_id"], account["account_id"])
    for link in campaign["links"]:
        link |= {"name": next(texts), "accounts": [names.get(each, each) for each in link["accounts"]]}
    for part in (*campaign["evidence"], *campaign["lookalikes_considered"]):
        part |= {"name": next(texts), "says": next(texts)}
    slots = [[{"text": text, "slot": False}, {"text": text, "slot": True}] for text in TEXTS]
    campaign["shared_text"] = [*slots, [{"text": LONG, "slot": False}, {"text": LONG, "slot": True}]]
    return json.dumps(found)
