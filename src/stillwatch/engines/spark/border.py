"""Between Arrow's types and the fewer that Spark has.

A table keeps the schema it was given; on the way into Spark its columns become what Spark can hold, on the way out they
become again what they were. Bytes of a fixed size are bytes there, dictionaries are their values, times are
microseconds, and unsigned numbers take the next larger signed type; of 64 bits, which have none, the bits are kept, so
that they are equal where they were equal but are ordered as signed numbers.
"""

from collections.abc import Callable

import pyarrow as pa
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StructType

_WIDER = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.float16(): pa.float32(),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
}

_LISTS: tuple[Callable[[pa.DataType], bool], ...] = (pa.types.is_list, pa.types.is_large_list)


def held(kind: pa.DataType) -> pa.DataType:
    """The type in which Spark holds this one."""
    if pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if pa.types.is_dictionary(kind):
        return held(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if any(test(kind) for test in _LISTS) or pa.types.is_fixed_size_list(kind):
        return pa.list_(held(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, held(field.type)) for field in kind])
    return _WIDER.get(kind, kind)


def held_schema(schema: pa.Schema) -> pa.Schema:
    """The columns as Spark holds them; any may be null, for Spark trusts what it is told of that and does not look."""
    return pa.schema([pa.field(field.name, held(field.type)) for field in schema])


def struct(schema: pa.Schema) -> StructType:
    """The columns in Spark's words."""
    return from_arrow_schema(held_schema(schema))


def schema_of(columns: StructType) -> pa.Schema:
    """What Spark's columns are in Arrow's words."""
    return to_arrow_schema(columns, timezone="UTC")


def outward(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch of ours as Spark holds it."""
    arrays = [_as(batch.column(field.name), held(field.type)) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=held_schema(schema))


def inward(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch of Spark's as ours."""
    arrays = [_as(batch.column(field.name), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    if pa.uint64() in (column.type, kind):
        return column.view(kind)
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type).dictionary_encode().cast(kind)
    return column.cast(kind)
