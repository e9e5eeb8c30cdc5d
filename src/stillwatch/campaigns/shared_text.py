"""The words that a campaign's requests share, the changing parts left out.

Of a few dozen requests those runs of tokens count as fixed that recur in many; what lies between is a slot, and what
stood in it is nobody's business here.
"""

import re
from collections import Counter
from collections.abc import Sequence

from stillwatch.campaigns.findings import TextPart

SAMPLES = 40
RUN = 6  # tokens in a row
RECURS = 0.3  # of the samples
LONGEST = 2000  # characters shown

_TOKEN = re.compile(r"[^\W\d_]+|\d+|\s+|[^\w\s]|_", re.UNICODE)
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def _tokens(text: str) -> list[str]:
    out: list[str] = []
    for token in _TOKEN.findall(text[: 8 * LONGEST]):
        out += list(token) if _WIDE.search(token) else [token]
    return out


def _runs(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    folded = [t.lower() if not t.isspace() else " " for t in tokens]
    return [tuple(folded[i : i + RUN]) for i in range(len(folded) - RUN + 1)]


def shared_text(texts: Sequence[str]) -> tuple[TextPart, ...]:
    """The shared words of these texts, shown on the one that has most of them; empty if they share none."""
    tokens = [_tokens(text) for text in texts]
    recurring = Counter(run for one in tokens for run in set(_runs(one)))
    least = max(3, RECURS * len(texts))
    fixed = {run for run, count in recurring.items() if count >= least}
    marked = [_marks(one, fixed) for one in tokens]
    if not fixed or not any(map(any, marked)):
        return ()
    best = max(range(len(tokens)), key=lambda i: (sum(marked[i]), -len(tokens[i]), texts[i]))
    return _parts(tokens[best], marked[best])


def _marks(tokens: Sequence[str], fixed: set[tuple[str, ...]]) -> list[bool]:
    marks = [False] * len(tokens)
    for i, run in enumerate(_runs(tokens)):
        if run in fixed:
            marks[i : i + RUN] = [True] * RUN
    return marks


def _parts(tokens: Sequence[str], marks: Sequence[bool]) -> tuple[TextPart, ...]:
    parts: list[TextPart] = []
    shown = 0
    for token, fixed in zip(tokens, marks, strict=True):
        if fixed and shown + len(token) <= LONGEST:
            if parts and not parts[-1].slot:
                parts[-1] = TextPart(parts[-1].text + token, slot=False)
            else:
                parts.append(TextPart(token, slot=False))
            shown += len(token)
        elif not parts or not parts[-1].slot:
            parts.append(TextPart("…", slot=True))
    return tuple(parts)
