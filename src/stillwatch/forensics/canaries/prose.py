"""Where in an answer something may be chosen: its paragraphs and plain lists, as Markdown is read.

    page = read(text)
    page.paragraphs      # spans of prose, without code, quotations, links, formulas
    page.lists           # bulleted lists of one line an item

All that is not certain to be prose is left out: an answer that is no Markdown (JSON, YAML, a patch), a paragraph with
braces or an odd quotation mark, tables, headings, HTML. That costs choices and nothing else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

LONGEST = 1 << 18  # letters of an answer that is read; of a longer one nothing is chosen

Span = tuple[int, int]

_NO_PROSE = re.compile(r"^\s*[\[{]|^\s*[a-z_][\w.-]*:(?:\s|$)|^(?:diff |@@ |\+\+\+ |--- )|[\r\0]", re.MULTILINE)
_CODE = re.compile(
    r"[{}<>=\\|~^]|\(\)|;\s*$|^\s*(?:#|//|/\*|(?:def|class|import|return|from|const|let|var|function|public|SELECT)\b)",
    re.MULTILINE,
)
_KEPT = re.compile(
    r"`+[^`]*`+|\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|»[^«]*«|\u2018[^\u2019]*\u2019|「[^」]*」|"
    r"\]\([^)]*\)|\$[^$]+\$|(?:https?://|www\.)\S+|\S+@\S+|\S+/\S+"
)
_UNPAIRED = re.compile(r"[\"“”„«»\u2018「」`$]")
_MARK = re.compile(r" {0,3}([-*+]) +(?=\S)")
_LISTS = frozenset({"bullet_list_open", "ordered_list_open"})


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of prose.

    Attributes:
        span: the whole of it.
        plain: the parts of it that may change.
        top: it stands in no list.
        line: the first, from 0.
        after: the line after the last.
    """

    span: Span
    plain: tuple[Span, ...]
    top: bool
    line: int
    after: int


@dataclass(frozen=True)
class Items:
    """A bulleted list at the top, of one line an item.

    Attributes:
        marks: where each item's mark is.
        items: each item without its mark, all of them prose.
        before: the paragraph right before it.
    """

    marks: tuple[Span, ...]
    items: tuple[Paragraph, ...]
    before: Paragraph | None


@dataclass(frozen=True)
class Page:
    """What of an answer may change."""

    paragraphs: tuple[Paragraph, ...] = ()
    lists: tuple[Items, ...] = ()


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"])


def read(text: str) -> Page:
    """Reads an answer."""
    if len(text) > LONGEST or _NO_PROSE.search(text):
        return Page()
    tokens = _markdown().parse(text)
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    paragraphs = tuple(_paragraphs(tokens, lines, starts))
    return Page(paragraphs, tuple(_lists(tokens, paragraphs, lines, starts)))


def _paragraphs(tokens: Sequence[Token], lines: Sequence[str], starts: Sequence[int]) -> Iterator[Paragraph]:
    """Paragraphs of prose, alone or in lists; what stands in quotations is none of ours."""
    outer: list[str] = []
    for token, inline in pairwise(tokens):
        if token.type == "paragraph_open" and token.map and all(name in _IN_LISTS for name in outer):
            first, after = token.map
            start = starts[first] + max(lines[first].find(inline.content.split("\n", 1)[0]), 0)
            end = starts[after] - 1
            if not _CODE.search(inline.content) and (plain := _plain("\n".join(lines), start, end)):
                yield Paragraph((start, end), plain, not outer, first, after)
        if token.nesting > 0:
            outer.append(token.type)
        elif token.nesting < 0:
            outer.pop()


_IN_LISTS = _LISTS | {"list_item_open"}


def _plain(text: str, start: int, end: int) -> tuple[Span, ...]:
    """What of a paragraph is neither code nor quoted; nothing if it is not clear where a quotation ends."""
    kept = [match.span() for match in _KEPT.finditer(text, start, end)]
    edges = [start, *(edge for span in kept for edge in span), end]
    plain = tuple((a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b)
    return () if any(_UNPAIRED.search(text, *span) for span in plain) else plain


def _lists(
    tokens: Sequence[Token], paragraphs: Sequence[Paragraph], lines: Sequence[str], starts: Sequence[int]
) -> Iterator[Items]:
    """Plain lists; one beside another is left alone, as only their marks tell them apart."""
    top = [token for token in tokens if token.level == 0 and token.nesting >= 0]
    at = {paragraph.line: paragraph for paragraph in paragraphs}
    ends = {paragraph.after: paragraph for paragraph in paragraphs if paragraph.top}
    for number, token in enumerate(top):
        beside = {each.type for each in top[max(number - 1, 0) : number + 2] if each is not token}
        if token.type != "bullet_list_open" or not token.map or beside & _LISTS:
            continue
        first, after = token.map
        rows = [row for row in range(first, after) if lines[row].strip()]
        marks = [_MARK.match(lines[row]) for row in rows]
        items = [at.get(row) for row in rows]
        if len(rows) == _count(tokens, token) and all(marks) and all(items):
            before = ends.get(first) or ends.get(first - 1)
            spans = [
                (starts[row] + m.start(1), starts[row] + m.end(1)) for row, m in zip(rows, marks, strict=True) if m
            ]
            yield Items(tuple(spans), tuple(item for item in items if item), before)


def _count(tokens: Sequence[Token], opened: Token) -> int:
    """How many items a list at the top has; 0 if one of them is more than one paragraph."""
    inside = tokens[tokens.index(opened) + 1 :]
    inside = inside[: next(n for n, token in enumerate(inside) if token.level == 0 and token.nesting < 0)]
    items = sum(token.type == "list_item_open" for token in inside)
    return (
        items if len(inside) == 5 * items else 0
    )  # an item, a paragraph in it, its text: opened, opened, closed, closed
