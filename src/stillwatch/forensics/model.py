"""The words of forensics: what a suspect said, what of it is scored, and what a test found.

A test's result is a value that says all that a reader may ask: on how much, against which null, with how many keys.
Probabilities are log10 throughout: a double has no room for 1e-400.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float64]

Rule = Literal["window", "pair"]  # what counts once: a window of context, or a window with the token after it
Kind = Literal["closed", "reading", "mass", "canaries", "rephrasings"]
Role = Literal["suspect", "control", "positive"]
Grade = Literal["none", "lead", "corroborated", "shown"]

#: What keys of tests without a scheme are for, by the tests' kind; their parameter `file` is the digest of the file.
DRAWS: Mapping[Kind, str] = {"canaries": "choices", "rephrasings": "rephrasings"}

NO_TOKEN = -1


@dataclass(frozen=True)
class Answer:
    """What a model said to one prompt.

    Attributes:
        prompt: what it was asked; "" if that is not known, as of a text that was found.
        text: what it said.
        prompt_id: which prompt of a plan; "" for a text that was found.
        prompt_ids, text_ids: the same in tokens of our tokenizer, where whoever wrote them down gave tokens; then the
            texts may be "".
    """

    prompt: str
    text: str
    prompt_id: str = ""
    prompt_ids: tuple[int, ...] = ()
    text_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tokens:
    """An answer in the tokens of our tokenizer: each an array of ids, one dimension."""

    prompt: Ids
    text: Ids


@dataclass(frozen=True)
class Reading:
    """A text that a suspect was given to read, and what it would have written instead of each token.

    Attributes:
        text: (n,): what it read, from the first token in its context on, in our tokens.
        predicted: (n,): its most probable token at each place, having read those before; NO_TOKEN where that is not
            asked, or cannot be said in ours.
    """

    text: Ids
    predicted: Ids


@dataclass(frozen=True)
class Scorable:
    """What of many texts may be scored, each at most once (`text.windows.gather`).

    Attributes:
        windows: (n, width): the tokens before.
        tokens: (n,): the token after each.
        read: how many tokens were read.
        left_out: how many of them were not kept, by why: "repeated", "in the prompt", "no context", "beyond the
            sample", ...
    """

    windows: Ids
    tokens: Ids
    read: int
    left_out: tuple[tuple[str, int], ...] = ()


class Law(Protocol):
    """How the sum of n scores is distributed if the model never saw what was keyed. Exact, for any model."""

    def expected(self, n: int) -> float:
        """The sum that is expected."""
        ...

    def log10_tail(self, total: float, n: int) -> float:
        """log10 of the probability of this sum or a larger one."""
        ...


class Scheme(Protocol):
    """How an engine marks text, as far as a verifier needs it."""

    @property
    def name(self) -> str:
        """With its version, as plans and key records write it."""
        ...

    @property
    def width(self) -> int:
        """Of the window of context, in tokens."""
        ...

    @property
    def history(self) -> int | None:
        """What stands in a window for tokens before the answer's first; None if such windows are not marked."""
        ...

    @property
    def law(self) -> Law:
        """Of the scores, over keys drawn at random."""
        ...

    def scores(self, key: int, windows: Ids, tokens: Ids) -> Scores:
        """One score for each window and the token after it, higher where the mark would have preferred it.

        Args:
            key: 64 bits.
            windows: (n, width).
            tokens: (n,).

        Returns:
            (n,); NaN where this key draws nothing new, and which therefore does not count among the n of the law.
        """
        ...


@dataclass(frozen=True)
class Key:
    """A key of a watermark or of choices. Nothing prints its value.

    Attributes:
        id: "k-" and 12 hexadecimal digits.
        value: 64 bits.
        campaign: whose answers were marked with it; "" if everybody's.
    """

    id: str
    value: int
    campaign: str = ""

    def __repr__(self) -> str:
        return f"Key({self.id!r}, campaign={self.campaign!r})"


@dataclass(frozen=True)
class KeyResult:
    """What one key says of one subject.

    Attributes:
        key: its id.
        campaign: whose answers were marked with it; "" if everybody's.
        n: how many scores were added up, or choices or pairs compared.
        total: their sum.
        expected: the sum that is expected of a model that never saw them.
        log10_p: log10 of the probability of this sum or a larger one, if the model never saw what was keyed.
        log10_p_holm: likewise, adjusted for all keys and statistics that were tested together (Holm 1979).
    """

    key: str
    campaign: str
    n: int
    total: float
    expected: float
    log10_p: float
    log10_p_holm: float


@dataclass(frozen=True)
class Null:
    """The same texts under keys that nobody used: what a false alarm looks like here.

    Attributes:
        keys: how many; 0 where the null needs none.
        share_05, share_01: of them with p below 0.05 and 0.01.
        ks_p: p of Kolmogorov and Smirnov's test that their p are uniform.
        spread: how many of them have -log10 p in [0, 0.25), [0.25, 0.5), ...: for the picture; may be empty.
    """

    keys: int
    share_05: float
    share_01: float
    ks_p: float
    spread: tuple[int, ...] = ()


@dataclass(frozen=True)
class TestResult:
    """What one planned test found of one subject.

    Attributes:
        test: the test's name in the plan.
        kind: of test.
        subject: who was tested; a blind label until the results are unsealed.
        scheme: the scheme's name; "" for choices and rephrasings.
        rule: what counted once; "" where that is not asked.
        n: scores, choices or pairs.
        needed: how many there would have to be for the power that was planned; 0 if nothing was planned.
        keys: what each key says.
        null: of wrong keys.
        left_out: what was not scored, by why.
        problem: why there is no result (too little text, the wrong tokenizer, ...); then `keys` is empty.
    """

    __test__ = False  # no class of tests, whatever pytest thinks of the name

    test: str
    kind: Kind
    subject: str
    scheme: str
    rule: str
    n: int
    needed: int
    keys: tuple[KeyResult, ...]
    null: Null
    left_out: tuple[tuple[str, int], ...] = ()
    problem: str = ""

    @property
    def log10_p(self) -> float:
        """The strongest key's adjusted log10 p; 0 without a result."""
        return min((each.log10_p_holm for each in self.keys), default=0.0)
