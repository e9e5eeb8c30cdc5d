"""From a page's view to bytes: HTML by Jinja2, .json by msgspec, .csv of its rows, sent while they are read.

    response = Renderer(menu, files).render(asked, page)

Everything from a log is hostile. Whatever a template shows is escaped, cut to CUT characters, and what cannot be seen
or would reorder a line is shown by its number. Where htmx asks for one element and the template has a block of that
element's id (with _ for -), the block alone is the answer.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from itertools import chain, islice
from pathlib import Path
from types import CodeType
from typing import ClassVar
from urllib.parse import urlencode

import jinja2
import msgspec
from jinja2.bccache import Bucket
from markupsafe import Markup
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from stillwatch.reports import charts, wording
from stillwatch.reports.rows import inert
from stillwatch.web.addresses import segment
from stillwatch.web.asking import Answer, Asked, Download, Headers, NotThere, Page, Redirect
from stillwatch.web.files import Files
from stillwatch.web.model import Role

CUT = 20_000  # characters of one text on a page
_SENT = 500  # rows of a .csv that are written at a time
_FILTERS = ("label", "minute", "day", "quantity", "tokens", "odds", "count", "share", "span")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # drawn as nothing, though no format characters


def visible(text: str, most: int = CUT) -> str:
    """A text of others' as it may be shown: cut, and what is invisible or steers is shown by its number."""
    shown = "".join(_shown(character) for character in text[:most])
    return f"{shown} … ({len(text) - most:,} characters more)" if len(text) > most else shown


def _shown(character: str) -> str:
    hidden = character in _BLANK or unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return f"[U+{ord(character):04X}]" if hidden and character not in "\n\t" else character


class _Compiled(jinja2.BytecodeCache):
    """What templates were compiled to, for all renderers of a process."""

    _code: ClassVar[dict[tuple[str, str], CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code:
            self._code[bucket.key, bucket.checksum] = bucket.code


class Renderer:
    """Makes responses of pages.

    Args:
        menu: labels and paths.
        files: scripts and styles.
    """

    def __init__(self, menu: Sequence[tuple[str, str]], files: Files) -> None:
        self._menu = tuple(menu)
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("stillwatch.web"),
            autoescape=True,
            finalize=lambda value: visible(value) if type(value) is str else value,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=_Compiled(),
        )
        self._templates.filters |= {name: getattr(wording, name) for name in _FILTERS}
        self._templates.filters |= {"cut": visible, "query": _query, "own": _own, "segment": segment}
        self._templates.globals |= {
            "static": files.address,
            "families": charts.FAMILIES,
            "techniques": wording.TECHNIQUES,
            "Role": Role,
        }

    def render(self, asked: Asked, answer: Answer) -> Response:
        """The response.

        Raises:
            NotThere: the page is asked for as rows, and has none.
        """
        match answer:
            case Redirect(to=to, headers=headers):
                return _with(Response(status_code=303, headers={"location": to}), headers)
            case Download(content=content, media=media, name=name):
                return _file(content, media, name)
        if asked.suffix == "json" or (asked.suffix and answer.status >= 400):
            media = "application/json" if answer.status < 400 else "application/problem+json"
            return _with(Response(_json(answer.view), answer.status, media_type=media), answer.headers)
        if asked.suffix == "csv":
            if answer.rows is None:
                raise NotThere("This page has no rows, and so no .csv.", hint="Ask for .json.")
            return _rows(answer.rows, f"{Path(asked.path).name or 'rows'}.csv")
        return _with(Response(self.html(asked, answer), answer.status, media_type="text/html"), answer.headers)

    def compile(self) -> None:
        """Reads all templates now, and not with the first page that needs each."""
        for name in self._templates.list_templates():
            self._templates.get_template(name)

    def html(self, asked: Asked, page: Page) -> bytes:
        """The page, or the part of it that htmx asks for."""
        template = self._templates.get_template(page.template)
        shown = {"asked": asked, "title": page.title, "view": page.view, "rows": page.rows, "menu": self._menu}
        context = template.new_context(shown | {"csrf": _csrf(asked)})
        block = template.blocks.get(asked.part.replace("-", "_"))
        text = "".join((block or template.root_render_func)(context))
        return text.encode("utf-8", "replace")


def _csrf(asked: Asked) -> Markup:
    """`{{ csrf }}`: the hidden field that every form brings."""
    token = asked.signed.csrf if asked.signed else ""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


def _with(response: Response, headers: Headers) -> Response:
    for name, value in headers:
        response.headers.append(name, value)
    return response


def _file(content: bytes, media: str, name: str) -> Response:
    return Response(content, headers=_named(name), media_type=media)


def _rows(rows: Iterable[object], name: str) -> Response:
    """A .csv that is sent while it is read; what goes wrong with its beginning is still told on a page."""
    pieces = as_csv(rows)
    beginning = next(pieces, b"")
    return StreamingResponse(chain((beginning,), pieces), headers=_named(name), media_type="text/csv")


def _named(name: str) -> dict[str, str]:
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)[:120]
    return {"content-disposition": f'attachment; filename="{safe}"'}


def _own(text: str) -> Markup:
    """What a person typed himself, for the field that he typed it into: escaped, and otherwise as it is."""
    return Markup.escape(text)


def _query(pairs: Mapping[str, object]) -> Markup:
    """`{{ {"id": account} | query }}` in a link: `?id=…`, encoded."""
    return Markup("?") + urlencode({key: str(value) for key, value in pairs.items() if value not in {None, ""}})


def _json(view: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(view, enc_hook=_plain), indent=2) + b"\n"


def _plain(value: object) -> object:
    match value:
        case BaseModel():
            return msgspec.Raw(value.model_dump_json().encode())
        case Path():
            return str(value)
    raise TypeError(f"a view holds a {type(value).__name__}, which JSON does not know")


def as_csv(rows: Iterable[object]) -> Iterator[bytes]:
    """Rows as CSV (RFC 4180) with a header, piece by piece; a text that a spreadsheet would compute gets an apostrophe.

    Args:
        rows: dataclasses of one class; what is no number, text or time is written as JSON.
    """
    left = iter(rows)
    names: list[str] = []
    while some := list(islice(left, _SENT)):
        out = io.StringIO()
        writer = csv.writer(out)
        if not names and is_dataclass(some[0]):
            names = [each.name for each in fields(some[0])]
            writer.writerow(names)
        writer.writerows([_cell(getattr(row, name)) for name in names] for row in some)
        yield out.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case Enum():
            return value.name.lower()
        case str():
            return inert(value)
        case bool() | int() | float():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat()
    return msgspec.json.encode(value, enc_hook=_plain).decode()
