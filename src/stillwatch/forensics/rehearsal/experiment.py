"""A teacher, students that were trained on more or less of what it marked, and what the tests say of each.

    rehearsal = run(seed=0)                  # seconds
    rehearsal.students[2].results            # of 5 %: one result a test, adjusted together

Four campaigns have a key each; only the first one's answers were marked with it and trained on. So a rehearsal also
shows whether the tests tell *which* accounts fed a student.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from stillwatch.forensics.model import NO_TOKEN, Ids, Key, Reading, Rule, Scheme, Scorable, TestResult, Tokens
from stillwatch.forensics.radioactivity import closed, mass, reading
from stillwatch.forensics.radioactivity.statistics import holm_results
from stillwatch.forensics.rehearsal.ngram import Ngram
from stillwatch.forensics.rehearsal.teacher import Teacher, said, trained
from stillwatch.forensics.schemes.greenlist import GreenList
from stillwatch.forensics.schemes.laws import Binomial
from stillwatch.forensics.text.windows import gather

SHARES = (1.0, 0.2, 0.05, 0.01, 0.0)
SCHEME = GreenList(width=2, gamma=0.25)
RULE: Rule = "pair"  # the model is small and its windows few: most of what it learned shows after the first token
CAMPAIGNS = 4


@dataclass(frozen=True)
class Size:
    """How many answers of `LENGTH` tokens there are.

    Attributes:
        taught: that a student is trained on.
        said: by a student, for the closed test.
        read: that are marked and given to it to read, for the reading test.
    """

    taught: int = 2000
    said: int = 800
    read: int = 500


SIZE = Size()


@dataclass(frozen=True)
class Student:
    """What the tests say of one student.

    Attributes:
        share: of its training that was marked.
        results: of the closed and the reading test and, of a green list, the mass test, adjusted together; the first
            key is the one that marked.
    """

    share: float
    results: tuple[TestResult, ...]

    @property
    def log10_p(self) -> float:
        """Of the strongest test and key, adjusted for all."""
        return min(each.log10_p for each in self.results)


@dataclass(frozen=True)
class Rehearsal:
    """What came of it.

    Attributes:
        seed: of all that was drawn.
        scheme: by which the teacher's answers were marked.
        size: of the experiment.
        students: by the share of marked training, as asked.
    """

    seed: int
    scheme: Scheme
    size: Size
    students: tuple[Student, ...]


def run(  # noqa: PLR0913 -- what may be varied
    seed: int = 0,
    scheme: Scheme = SCHEME,
    *,
    shares: Sequence[float] = SHARES,
    size: Size = SIZE,
    wrong_keys: int = 300,
    progress: Callable[[float], None] = lambda _: None,
) -> Rehearsal:
    """Makes a teacher and students from nothing, and tests the students.

    Args:
        seed: of all that is drawn.
        scheme: by which the teacher's answers are marked.
        shares: of marked text in the training of each student.
        size: of the experiment.
        wrong_keys: for the null of each test.
        progress: told the share that is done.

    Raises:
        ConfigError: Python's sources or the library tokenizers are missing.
    """
    rng = np.random.default_rng(seed)
    keys = drawn_keys(rng)
    teacher = Teacher.made(rng)
    marked, to_read = (teacher.answers(count, rng, scheme, keys[0]) for count in (size.taught, size.read))
    plain = teacher.answers(size.taught, rng)
    examination = Examination(to_read, scheme, keys, wrong_keys, seed=int(rng.integers(1 << 32)))
    students = []
    for share in shares:
        model = trained(marked, plain, share)
        tokens = tuple(said(model, teacher.openings(size.said, rng), rng))
        students.append(Student(share, examination.results(f"{share:.0%}", model, tokens)))
        progress(len(students) / len(shares))
    return Rehearsal(seed, scheme, size, tuple(students))


def drawn_keys(rng: np.random.Generator, campaigns: int = CAMPAIGNS) -> tuple[Key, ...]:
    """A key for each campaign."""
    values = rng.integers(1 << 64, size=campaigns, dtype=np.uint64)
    return tuple(Key(f"k-{at:012x}", int(value), f"campaign {at}") for at, value in enumerate(values, 1))


@dataclass(frozen=True)
class Examination:
    """The tests, on every student alike.

    Attributes:
        to_read: marked answers that no student was trained on, (n, LENGTH).
        scheme: by which answers were marked.
        keys: that are tested.
        wrong_keys: for the null of each test.
        seed: of their draw.
    """

    to_read: Ids
    scheme: Scheme
    keys: Sequence[Key]
    wrong_keys: int
    seed: int

    def results(self, subject: str, model: Ngram, tokens: Sequence[Tokens]) -> tuple[TestResult, ...]:
        """What the tests say of a student's answers, and of what it would write in texts that it reads."""
        width, history = self.scheme.width, self.scheme.history
        judged = partial(self._judged, subject)
        results = [judged(closed.test, gather(tokens, width, RULE, history=history), rule=RULE)]
        readings = (Reading(text, predicted(model, text)) for text in self.to_read)
        read = partial(closed.test, kind="reading")
        results.append(judged(read, reading.gather(readings, width, RULE), rule=RULE))
        if isinstance(self.scheme.law, Binomial):
            results.append(judged(mass.test, mass.gather(tokens, width, history=history)))
        return holm_results(results)

    def _judged(
        self, subject: str, test: Callable[..., TestResult], gathered: Scorable | mass.Masses, **rule: Rule
    ) -> TestResult:
        null = {"least": 1000, "wrong_keys": self.wrong_keys, "seed": self.seed}
        return test("rehearsal", subject, gathered, self.scheme, self.keys, **null, **rule)


def predicted(model: Ngram, text: Ids) -> Ids:
    """What a model would write instead of each token of a text that it reads; of the first two it is not asked."""
    before = np.lib.stride_tricks.sliding_window_view(text, 2)[:-1]
    return np.concatenate([np.full(2, NO_TOKEN, np.int32), model.likeliest(before)])
