"""The reading test: what a suspect would write next, in texts that we give it to read (Sander et al. 2024, "open").

    scorable = gather(readings, scheme.width, "window")
    result = test("read back", "a model", scorable, scheme, keys, rule="window", least=1000, wrong_keys=300, seed=0)

Texts that were marked bring up the windows whose next tokens the key chose; a model that was trained on them has
learned these. A model that was not can still copy what it reads: a window that stood in its context before is skipped
(the "tape"), for what followed there is before its eyes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stillwatch.forensics.model import Ids, Key, Rule, Scheme, Scorable, TestResult
from stillwatch.forensics.radioactivity import closed
from stillwatch.forensics.text.windows import MOST, Gathering, Mask, hashed, windows_of

UNKNOWN = -1


@dataclass(frozen=True)
class Reading:
    """A text that a suspect was given to read, and what it would have written instead of each token.

    Attributes:
        text: (n,): what it read, from the first token in its context on, in our tokens.
        predicted: (n,): its most probable token at each place, having read those before; UNKNOWN where that is not
            asked, or is no token of ours.
    """

    text: Ids
    predicted: Ids


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
        windows, predicted = gathering.choose(predicted != UNKNOWN, "no token of ours", windows, predicted)
        gathering.add(windows, predicted)
    return gathering.scorable()


def _stood_before(windows: Ids) -> Mask:
    again = np.ones(len(windows), np.bool_)
    again[np.unique(hashed(windows), return_index=True)[1]] = False
    return again


def test(  # noqa: PLR0913 -- what a plan fixes
    name: str,
    subject: str,
    scorable: Scorable,
    scheme: Scheme,
    keys: Sequence[Key],
    *,
    rule: Rule,
    least: int,
    wrong_keys: int,
    seed: int,
) -> TestResult:
    """What several keys say of what was gathered from readings; as `closed.test`."""
    result = closed.test(
        name, subject, scorable, scheme, keys, rule=rule, least=least, wrong_keys=wrong_keys, seed=seed
    )
    return replace(result, kind="reading")
