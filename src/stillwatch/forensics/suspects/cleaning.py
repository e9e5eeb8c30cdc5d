"""What every answer passes before it is scored: our prompts are cut off, and what says nothing is left out and counted.

cleaning = Cleaning()
answer = cleaning.cut(answer)               # None: nothing is left of it
cleaning.new(answer)                        # False: it was there before
cleaning.left_out, cleaning.echoes          # {"repeated": 3, "empty": 1}, 7
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from stillwatch.forensics.model import Answer

_ECHO = 20  # characters: an answer may begin with the words of a shorter prompt by chance
_SLOTS = 1 << 20  # 8 MB, however many texts are read


@dataclass
class Cleaning:
    """Cuts and counts. One for each subject.

    Attributes:
        left_out: how many answers are not scored, by why.
        echoes: how many answers began with our prompt, which was cut off.
        rejects: what could not be read: the file, the line, why; the first few.
        read: how many answers are left.
    """

    left_out: Counter[str] = field(default_factory=Counter)
    echoes: int = 0
    rejects: list[tuple[str, int, str]] = field(default_factory=list)
    read: int = 0
    _seen: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(_SLOTS, np.uint64), repr=False)

    def leave_out(self, why: str) -> None:
        """Count an answer that is not scored."""
        self.left_out[why] += 1

    def reject(self, file: str, line: int, why: str) -> None:
        """Count and name a line that is none; `why` is in fixed words, with nothing of its content."""
        self.left_out[why] += 1
        if len(self.rejects) < 20:
            self.rejects.append((file, line, why))

    def cut(self, answer: Answer) -> Answer | None:
        """The answer without the prompt that it begins with; None if nothing is left."""
        cut = _without_echo(answer)
        self.echoes += cut is not answer
        if not cut.text.strip() and not cut.text_ids:
            self.leave_out("empty" if cut is answer else "our own prompt")
            return None
        self.read += 1
        return cut

    def new(self, answer: Answer) -> bool:
        """Whether an answer to this prompt has not been there before; counts it if it has.

        A table of fixed size remembers digests: where it overflows, a repeated text may pass, and no other is ever
        left out (save where 64 bits of a digest agree by chance). What passes does no harm: windows count once.
        """
        digest = blake2b(digest_size=8)
        for part in (answer.prompt_id, answer.prompt, answer.text, answer.prompt_ids, answer.text_ids):
            digest.update(repr(part).encode("utf-8", "surrogatepass") + b"\0")
        mark = np.uint64(int.from_bytes(digest.digest()) | 1)
        slot = int(mark >> np.uint64(1)) % _SLOTS
        repeated = bool(self._seen[slot] == mark)
        self._seen[slot] = mark
        if repeated:
            self.leave_out("repeated")
        return not repeated


def _without_echo(answer: Answer) -> Answer:
    said, prompt = answer.text.lstrip(), answer.prompt.strip()
    if len(prompt) >= _ECHO and said.startswith(prompt):
        return replace(answer, text=said[len(prompt) :])
    ids = answer.prompt_ids
    if ids and answer.text_ids[: len(ids)] == ids:
        return replace(answer, text_ids=answer.text_ids[len(ids) :])
    return answer
