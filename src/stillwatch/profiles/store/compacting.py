"""Hours become days, days months, and what is old goes: less to read for the next scan, less to keep.

Merged, an account's profile is what it would be had all of it been read at once (law 1), and sums keep their hours.
What is lost is when within the day or the month an account did what: moments such as `crossed_at` are then known to
the day or the month.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from stillwatch.profiles.store.hourly import DAY
from stillwatch.profiles.store.manifest import GRAINS, Grain, Hashes, Part
from stillwatch.profiles.store.merging import aligned, merged
from stillwatch.profiles.store.store import Store, hour_of, moment_of, replaced, together

Stretch = tuple[Grain, int]  # and the hour with which it begins


def compact(store: Store, *, days_before: int, months_before: int) -> int:
    """Merge what is old enough; what is not yet a whole day or month is merged again later.

    Args:
        store: opened.
        days_before: the hour before which hours are merged into their day.
        months_before: the hour before which days are merged into their month.

    Returns:
        how many parts are fewer.

    Raises:
        StoreError: what is merged cannot be written; all is as before.
        InputError: a part is damaged; all is as before.
    """
    before, groups = store.manifest.parts, defaultdict[Stretch, list[Part]](list)
    for part in before:
        groups[_stretch(part, days_before, months_before)].append(part)
    with store.writing():
        try:
            kept = [part for stretch, some in sorted(groups.items()) for part in _one(store, stretch, some)]
            hashes = tuple(_hashes(store, store.manifest.hashes))
            store.commit(replaced(store.manifest, parts=tuple(kept), hashes=hashes))
        finally:
            store.tidy()
    return len(before) - len(kept)


def prune(store: Store, before: int) -> tuple[Part, ...]:
    """Forget what ended before an hour; a part that reaches beyond it stays. What is forgotten is not added again.

    Returns:
        what was forgotten.
    """
    manifest = store.manifest
    gone = tuple(part for part in manifest.parts if part.end <= before)
    parts = tuple(part for part in manifest.parts if part.end > before)
    hashes = tuple(each for each in manifest.hashes if DAY * (each.day + 1) > before)
    floor = max([manifest.floor or 0, *(part.end for part in gone)])
    with store.writing():
        store.commit(replaced(manifest, parts=parts, hashes=hashes, floor=floor))
    return gone


def _stretch(part: Part, days_before: int, months_before: int) -> Stretch:
    """What a part belongs into: an hour's part stays as it is where it is young."""
    month = moment_of(part.start).replace(day=1, hour=0)
    if part.end <= months_before or part.grain == "month":
        return "month", hour_of(month)
    if part.end <= days_before or part.grain == "day":
        return "day", part.start // DAY * DAY
    return "hour", part.start // DAY * DAY


def _one(store: Store, stretch: Stretch, some: list[Part]) -> Iterable[Part]:
    """These parts as one, or as they are where that would change nothing."""
    grain, start = stretch
    if grain == "hour" or (len(some) == 1 and GRAINS.index(some[0].grain) >= GRAINS.index(grain)):
        return some
    profiles = merged([store.profiles_of(part) for part in some])
    sums = map(together, aligned([store.sums_of(part) for part in some]))
    return [store.write_part(grain, start, profiles, sums)]


def _hashes(store: Store, some: Iterable[Hashes]) -> Iterator[Hashes]:
    """One file of hashes a day."""
    days = defaultdict[int, list[Hashes]](list)
    for each in some:
        days[each.day].append(each)
    for day, files in sorted(days.items()):
        if len(files) == 1:
            yield files[0]
        else:
            yield store.write_hashes(day, np.sort(np.concatenate([store.read_hashes(each) for each in files])))
