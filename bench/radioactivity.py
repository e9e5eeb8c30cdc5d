"""What the radioactivity tests find of students that were trained on more or less marked text; and what they miss.

    python bench/radioactivity.py [--seeds N] [--json] [--markdown PAGE]

Teacher and students are made from nothing (`stillwatch.forensics.rehearsal`), anew for each seed. Four campaigns have a
key each, of which one marked; p is adjusted for all keys and tests of a student (Holm). A second table varies how wide
the window of a key is, in the closed test.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tables import Table, add_options, publish

from stillwatch.forensics.model import Scheme
from stillwatch.forensics.rehearsal import Rehearsal, Size, run
from stillwatch.forensics.schemes.greenlist import GreenList
from stillwatch.forensics.schemes.vllm import Gumbel
from stillwatch.forensics.wording import probability

ALPHA = -6.0  # log10
SEEDS, FIRST_SEED = 5, 100  # none that a test or a size was chosen by
WIDTHS, WIDE_SIZE = (1, 2, 4), Size(taught=1000, said=600, read=20)
WRONG_KEYS = 300


def main(arguments: Sequence[str]) -> int:
    """Measures, prints, and replaces the section of a page that was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=SEEDS, help="teachers; %(default)s if not given")
    add_options(options)
    given = options.parse_args(arguments)
    seeds = range(FIRST_SEED, FIRST_SEED + given.seeds)
    started = time.perf_counter()
    rehearsals = [run(seed, wrong_keys=WRONG_KEYS) for seed in seeds]
    seconds = (time.perf_counter() - started) / len(rehearsals)
    tables = [_by_share(rehearsals, seconds), _by_width()]
    publish(given, Path(__file__).stem, tables, [vars(table) for table in tables])
    return 0


def _by_share(rehearsals: Sequence[Rehearsal], seconds: float) -> Table:
    rows = []
    for students in zip(*(each.students for each in rehearsals), strict=True):
        for results in zip(*(student.results for student in students), strict=True):
            ps = [result.keys[0].log10_p_holm for result in results]
            false = [result.null.share_01 for result in results]
            rows.append(
                (
                    f"{students[0].share:.0%}",
                    results[0].kind,
                    int(median(result.n for result in results)),
                    *(probability(p) for p in (median(ps), min(ps), max(ps))),
                    probability(min(key.log10_p_holm for result in results for key in result.keys[1:])),
                    f"{sum(false) / len(false):.2%}",
                    sum(p < ALPHA for p in ps),
                    len(ps),
                )
            )
    columns = ("marked", "test", "scores", "p", "least", "largest", "other keys", "wrong keys", "found", "of")
    scheme = rehearsals[0].scheme
    title = (
        f"`{scheme.name}` of width {scheme.width}, {len(rehearsals)} teachers with five students each, {seconds:.0f} "
        f"seconds a teacher: p of the key that marked (median, least and largest), the least p of keys that marked "
        f"nothing that was trained on, the share of {WRONG_KEYS} wrong keys with p < 0.01, and of how many teachers "
        "the student is found at p < 1e-6. At 1 % there is too little to find: a miss, and no sign of innocence."
    )
    return Table(title, columns, rows)


def _by_width() -> Table:
    shares = (0.2, 0.05, 0.0)
    rows = []
    for scheme in (make(width) for make in (_green, Gumbel) for width in WIDTHS):
        students = run(FIRST_SEED, scheme, shares=shares, size=WIDE_SIZE, wrong_keys=0).students
        found = (probability(student.results[0].keys[0].log10_p_holm) for student in students)
        rows.append((f"`{scheme.name}`", f"{scheme.width}", *found))
    title = (
        "The closed test by the width of a key's window in tokens, and p by the share that was marked of "
        f"{WIDE_SIZE.taught:,} answers that were trained on. 4 is the engines' default, for finding text; for models "
        "it is too wide."
    )
    return Table(title, ("scheme", "width", *(f"{share:.0%}" for share in shares)), rows)


def _green(width: int) -> Scheme:
    return GreenList(width, 0.25)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
