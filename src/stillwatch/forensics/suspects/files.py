"""Answers from files: JSON lines, bodies of responses, plain text; as they are or packed (gzip, zstd).

    cleaning = Cleaning()
    for answer in read([Path("answers.jsonl")], cleaning): ...
    cleaning.rejects                            # [("answers.jsonl", 17, "bad JSON")]

A line may be `{"prompt_id": ..., "prompt": ..., "text": ...}` (the first two where they are known), the same in tokens
of our tokenizer (`prompt_ids`, `text_ids`), the body of a response of an OpenAI-compatible API, a line of a batch's
output, or a record with the bodies of `request` and `response`. A file that does not begin with a JSON object or list
is plain text.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from stillwatch.errors import InputError
from stillwatch.forensics.model import Answer
from stillwatch.forensics.suspects.cleaning import Cleaning
from stillwatch.traffic import jsonl
from stillwatch.traffic.readers import bodies
from stillwatch.traffic.rows import INVALID_UTF8, RowError
from stillwatch.traffic.streams import Stream

_PIECE = 1 << 20  # bytes of plain text that are one answer, up to the end of a line
_NOTHING = "no answer"
_Id = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]  # whether there is such a token a tokenizer knows
_BOM = b"\xef\xbb\xbf"


def read(
    paths: Iterable[Path], cleaning: Cleaning | None = None, prompts: Mapping[str, str] | None = None
) -> Iterator[Answer]:
    """The answers of files, one after the other; memory does not grow with them.

    Args:
        paths: of the files.
        cleaning: cuts echoes off, leaves out what is empty or repeated, and counts; without it nothing is counted.
        prompts: texts of prompts by id, for answers that give the id alone.

    Raises:
        InputError: a file cannot be read, or holds no answer at all.
    """
    cleaning = cleaning or Cleaning()
    for path in paths:
        found = False
        for answer in _answers(path, cleaning):
            found = True
            known = answer.prompt or (prompts or {}).get(answer.prompt_id, "")
            cut = cleaning.cut(replace(answer, prompt=known)) if cleaning.new(answer) else None
            if cut:
                yield cut
        if not found:
            raise _empty(path, cleaning)


def _answers(path: Path, cleaning: Cleaning) -> Iterator[Answer]:
    stream = Stream(str(path))
    try:
        head = stream.read(64).removeprefix(_BOM).lstrip()
        stream.restarted(last=True)
        if _suffix(path) == ".json":
            yield from _documents(stream, cleaning)
        elif head[:1] in {b"{", b"["}:
            yield from _lines(stream, cleaning)
        else:
            yield from _plain(stream, cleaning)
    finally:
        stream.close()


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix if path.suffix in {".gz", ".zst"} else path.suffix


def _documents(stream: Stream, cleaning: Cleaning) -> Iterator[Answer]:
    for number, record in enumerate(jsonl.documents(stream.all(), stream.file), 1):
        yield from _said(bytes(record), stream.file, number, cleaning)


def _lines(stream: Stream, cleaning: Cleaning) -> Iterator[Answer]:
    for block in jsonl.cut(stream, _PIECE):
        if block.broken:
            cleaning.reject(stream.file, block.line, block.broken)
        for number, line in enumerate(block.content.split(b"\n"), block.line):
            if line.strip():
                yield from _said(line, stream.file, number, cleaning)


def _plain(stream: Stream, cleaning: Cleaning) -> Iterator[Answer]:
    """Pieces of whole lines: a text may be longer than memory."""
    held = ""
    for block in jsonl.cut(stream, _PIECE):
        try:
            held += block.content.decode()
        except UnicodeDecodeError:
            cleaning.reject(stream.file, block.line, INVALID_UTF8)
        if block.broken:
            cleaning.reject(stream.file, block.line, block.broken)
        if len(held) >= _PIECE:
            yield Answer("", held)
            held = ""
    if held.strip():
        yield Answer("", held)


def _said(line: bytes, file: str, number: int, cleaning: Cleaning) -> Iterator[Answer]:
    """The answers of one record, or why there is none."""
    try:
        yield from _of(jsonl.record_of(line))
    except RowError as error:
        cleaning.reject(file, number, error.reason)


def _of(record: dict[str, Any]) -> Iterator[Answer]:
    name = record.get("prompt_id", record.get("custom_id", ""))
    answer = Answer("", "", name if isinstance(name, str) else "")
    if "text_ids" in record:
        prompt_ids, text_ids = (_ids(record.get(column, [])) for column in ("prompt_ids", "text_ids"))
        yield replace(answer, prompt_ids=prompt_ids, text_ids=text_ids)
    elif "text" in record:
        yield replace(answer, prompt=_text(record.get("prompt", "")), text=_text(record["text"]))
    else:
        prompt = _asked(record)
        yield from (replace(answer, prompt=prompt, text=text) for text in _spoken(record))


def _asked(record: dict[str, Any]) -> str:
    """What a record says was asked: the system's words and the messages, one below the other."""
    row = bodies.request_row(record.get("request", record))
    conversation = row.get("input_messages") or []
    return "\n\n".join(filter(None, (row.get("system_instructions"), *(each["content"] for each in conversation))))


def _spoken(record: dict[str, Any]) -> list[str]:
    """The text of each choice."""
    body = record.get("response", record)
    body = body.get("body", body) if isinstance(body, dict) else body
    choices = body.get("choices") if isinstance(body, dict) else None
    several = [{"choices": [choice]} for choice in choices] if isinstance(choices, list) else [body]
    texts = [bodies.output_text(each) for each in several]
    if all(text is None for text in texts):
        raise RowError(_NOTHING)
    return [text or "" for text in texts]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise RowError(_NOTHING)
    return value


def _ids(value: object) -> tuple[int, ...]:
    try:
        return tuple(msgspec.convert(value, list[_Id]))
    except msgspec.ValidationError:
        raise RowError("tokens are no whole numbers") from None


def _empty(path: Path, cleaning: Cleaning) -> InputError:
    first = next((f"Line {line}: {why}." for file, line, why in cleaning.rejects if file == str(path)), None)
    return InputError("The file holds no answer.", where=str(path), hint=first)
