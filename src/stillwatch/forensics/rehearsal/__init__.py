"""A teacher and students made from nothing, to see on one's own machine that the tests hold what they promise.

    run(seed=0)                     # a teacher, five students, the closed and the reading test: half a minute
    write(Path("rehearsal"))        # the same as files: a suspect, controls, keys and a plan for `stillwatch probe`

    corpus.py       text that every installation has
    vocabulary.py   its byte pairs
    ngram.py        a model of trigrams, teacher and student alike
    sampling.py     answers, plain and marked
    teacher.py      the teacher, and students that are trained on its answers
    experiment.py   more or less of what was marked, and what the tests say of each student
    folder.py       subjects, keys and a plan on disk

The students are small: what is found here at 5 % is found in larger ones only with more text (docs/forensics).
Nothing is downloaded, nothing needs a GPU.
"""

from stillwatch.forensics.rehearsal.experiment import SHARES, Rehearsal, Size, Student, run
from stillwatch.forensics.rehearsal.folder import write

__all__ = ["SHARES", "Rehearsal", "Size", "Student", "run", "write"]
