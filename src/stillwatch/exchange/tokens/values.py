"""A member's own values: one value a line, or a column of a CSV or Parquet file, each value in its normal form.

own = read(Path("accounts.csv"), "payment", column="payment_fingerprint")
own.items                      # {normal form: the value as it was written}
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.exchange.tokens.classes import TokenClass, normal


@dataclass(frozen=True)
class Values:
    """Values of one class by their normal form; of two spellings of one value the first is kept."""

    token_class: TokenClass
    items: Mapping[bytes, str]
    left_out: int  # values without a normal form


def read(path: Path, klass: TokenClass, *, column: str | None = None) -> Values:
    """Reads a set.

    Args:
        path: a text file, or CSV or Parquet by its name.
        klass: what the values are.
        column: of a CSV or Parquet file; may be left out where there is only one.

    Raises:
        InputError: the file cannot be read, or has no such column.
    """
    try:
        texts = _READ.get(path.suffix.lower(), _lines)(path, column)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or 'damaged'}).", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8.", where=str(path)) from None
    except (pa.ArrowException, csv.Error):
        raise InputError(
            "cannot be read: it is damaged, or of another kind than its name says.", where=str(path)
        ) from None
    return collected(texts, klass)


def collected(texts: Iterable[str | None], klass: TokenClass) -> Values:
    """The set of values; blank ones are passed over."""
    items: dict[bytes, str] = {}
    left_out = 0
    for text in texts:
        if text is None or not text.strip():
            continue
        form = normal(klass, text)
        if form is None:
            left_out += 1
        else:
            items.setdefault(form, text.strip())
    return Values(klass, items, left_out)


def _lines(path: Path, column: str | None) -> list[str | None]:
    if column:
        hint = "A column is of a file named .csv or .parquet."
        raise InputError("is taken as one value a line.", where=str(path), hint=hint)
    return list(path.read_text(encoding="utf-8-sig").splitlines())


def _csv(path: Path, column: str | None) -> list[str | None]:
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    name = _chosen(path, list(reader.fieldnames or ()), column)
    return [row[name] for row in reader]


def _parquet(path: Path, column: str | None) -> list[str | None]:
    name = _chosen(path, pq.read_schema(path).names, column)
    values = pq.read_table(path, columns=[name]).column(name).cast(pa.string())
    return list(values.to_pylist())


def _chosen(path: Path, names: list[str], column: str | None) -> str:
    if column in names:
        return str(column)
    if column is None and len(names) == 1:
        return names[0]
    what = f"has no column {column}." if column else "has more than one column."
    raise InputError(what, where=str(path), hint=f"Name one with --column: {', '.join(names)}.")


_READ = {".csv": _csv, ".parquet": _parquet, ".pq": _parquet}
