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

LONGEST = 1 << 16  # letters of an answer that is read; of a longer one nothing is chosen

Span = tuple[int, int]

# Each of these looks at a letter a bounded number of times, whatever the answer: whoever asks may have written it.
_NO_PROSE = re.compile(r"^[ \t]*[\[{]|^[ \t]*[a-z_][\w.-]*:(?:\s|$)|^(?:diff |@@ |\+\+\+ |--- )|[\r\0]", re.MULTILINE)
_CODE = re.compile(
    r"[{}<>=\\|~^]|\(\)|;[ \t]*$|"
    r"^[ \t]*(?:#|//|/\*|(?:def|class|import|return|from|const|let|var|function|public|SELECT)\b)",
    re.MULTILINE,
)
_KEPT = re.compile(
    r"`+[^`]{0,2000}`+|\"[^\"]{0,2000}\"|“[^”]{0,2000}”|„[^“”]{0,2000}[“”]|«[^»]{0,2000}»|»[^«]{0,2000}«|"
    r"\u2018[^\u2019]{0,2000}\u2019|「[^」]{0,2000}」|\]\([^)]{0,2000}\)|\$[^$]{1,2000}\$|"
    r"(?:https?://|www\.)\S+|(?<!\S)\S*?[@/]\S*"
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
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    paragraphs = tuple(_paragraphs(text, tokens, starts))
    return Page(paragraphs, tuple(_lists(text, tokens, paragraphs, starts)))


def _paragraphs(text: str, tokens: Sequence[Token], starts: Sequence[int]) -> Iterator[Paragraph]:
    """Paragraphs of prose, alone or in lists; what stands in quotations is none of ours."""
    outer: list[str] = []
    for token, inline in pairwise(tokens):
        if token.type == "paragraph_open" and token.map and all(name in _IN_LISTS for name in outer):
            first, after = token.map
            end = starts[after] - 1
            start = max(text.find(inline.content.split("\n", 1)[0], starts[first], end), starts[first])
            if not _CODE.search(inline.content) and (plain := _plain(text, start, end)):
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
    text: str, tokens: Sequence[Token], paragraphs: Sequence[Paragraph], starts: Sequence[int]
) -> Iterator[Items]:
    """Plain lists; one beside another is left alone, as only their marks tell them apart."""
    top = [(at, token) for at, token in enumerate(tokens) if token.level == 0 and token.nesting >= 0]
    kinds = ["", *(token.type for _, token in top), ""]
    at_line = {paragraph.line: paragraph for paragraph in paragraphs}
    ends = {paragraph.after: paragraph for paragraph in paragraphs if paragraph.top}
    for (at, token), *beside in zip(top, kinds, kinds[2:], strict=False):
        if token.type != "bullet_list_open" or _LISTS & set(beside) or not (rows := _rows(tokens, at)):
            continue
        marks = [_MARK.match(text, starts[row], starts[row + 1]) for row in rows]
        items = [at_line.get(row) for row in rows]
        if all(marks) and all(items):
            before = ends.get(rows[0]) or ends.get(rows[0] - 1)
            yield Items(tuple(mark.span(1) for mark in marks if mark), tuple(item for item in items if item), before)


def _rows(tokens: Sequence[Token], opened: int) -> list[int]:
    """The line of each item of a list at the top; none if an item is more than one paragraph of one line."""
    rows: list[int] = []
    place = opened + 1
    while tuple(token.type for token in tokens[place : place + len(_ITEM)]) == _ITEM:
        first, after = tokens[place + 1].map or (0, 0)
        if after != first + 1:
            return []
        rows.append(first)
        place += len(_ITEM)
    return rows if tokens[place].type == "bullet_list_close" else []


_ITEM = ("list_item_open", "paragraph_open", "inline", "paragraph_close", "list_item_close")
