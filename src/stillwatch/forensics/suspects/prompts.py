"""What a suspect is asked: JSON lines of `prompt_id` and `prompt`.

for prompt in read(Path("prompts.jsonl")):
    prompt.id, prompt.text
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from stillwatch.errors import InputError


@dataclass(frozen=True)
class Prompt:
    """One question.

    Attributes:
        id: the same in every run.
        text: what is asked.
    """

    id: str
    text: str


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    prompt_id: str
    prompt: str


def read(path: Path) -> tuple[Prompt, ...]:
    """The prompts of a file, in its order.

    Raises:
        InputError: it cannot be read or holds none, a line is none, or two have one id; the line is named.
    """
    decoder = msgspec.json.Decoder(_Line)
    prompts: dict[str, Prompt] = {}
    for number, content in enumerate(_content(path).split(b"\n"), 1):
        if not content.strip():
            continue
        try:
            line = decoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            hint = 'A line is such as {"prompt_id": "p-1", "prompt": "..."}.'
            raise InputError(f"Line {number} is no prompt.", where=str(path), hint=hint) from None
        if not line.prompt_id or not line.prompt.strip():
            raise InputError(f"Line {number} has no id, or asks nothing.", where=str(path))
        if line.prompt_id in prompts:
            raise InputError(f"Line {number} has the id of a line before.", where=str(path))
        prompts[line.prompt_id] = Prompt(line.prompt_id, line.prompt)
    if not prompts:
        raise InputError("The file holds no prompt.", where=str(path))
    return tuple(prompts.values())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"The prompts cannot be read ({error.strerror}).", where=str(path)) from None
