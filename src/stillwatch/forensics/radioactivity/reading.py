"""The reading test: what a suspect would write next, in texts that we give it to read (Sander et al. 2024, "open").

    scorable = gather(readings, scheme.width, "window")
    result = closed.test("read back", "a model", scorable, scheme, keys, kind="reading", rule="window", ...)

Texts that were marked bring up the windows whose next tokens the key chose; a model that was trained on them has
learned these. A model that was not can still copy what it reads: a window that stood in its context before is skipped
(the "tape"), for what followed there is before its eyes.
"""

from collections.abc import Iterable

import numpy as np

from stillwatch.forensics.model import NO_TOKEN, Ids, Reading, Rule, Scorable
from stillwatch.forensics.text.windows import MOST, Gathering, Mask, hashed, windows_of


def gather(readings: Iterable[Reading], width: int, rule: Rule, *, most: int = MOST) -> Scorable:
    """What of many readings may be scored: at each window that is new to the reader, the token it would write.

    Args:
        readings: one after the other; each is read once.
        width: of the window of context, in tokens.
        rule: "window" scores a window with the first prediction after it, "pair" each pair of both once.
        most: windows (or pairs) that are kept.
    """
    gathering = Gathering(width, rule, most=most)
    for each in readings:
        windows, predicted = windows_of(each.text[:-1], width), np.asarray(each.predicted, np.int32)[width:]
        gathering.leave_out("no context", len(each.text) - len(predicted))
        new = ~_stood_before(windows)
        windows, predicted = gathering.choose(new, "in the context", windows, predicted)
        windows, predicted = gathering.choose(predicted != NO_TOKEN, "no token of ours", windows, predicted)
        gathering.add(windows, predicted)
    return gathering.scorable()


def _stood_before(windows: Ids) -> Mask:
    again = np.ones(len(windows), np.bool_)
    again[np.unique(hashed(windows), return_index=True)[1]] = False
    return again
