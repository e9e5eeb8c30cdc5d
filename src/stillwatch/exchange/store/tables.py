"""The tables of the exchange. `migrations/` makes them; a test holds both equal.

One row of `object` is one version of an object in one collection. `superseded` says that a newer version can be read by
everybody who can read this one, so that it is the last version for nobody: the indexes set such rows apart, so that the
question for the newest objects is as quick among many old versions as among few.
"""

import sqlalchemy as sql

#: The version of the schema that this code works with: the newest of `migrations/versions`.
VERSION = "0002"

#: Where Alembic keeps it.
VERSION_TABLE = "exchange_version"

metadata = sql.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

root = sql.Table(
    "root",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("position", sql.Integer, nullable=False),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("description", sql.Text),
    sql.Column("max_content_length", sql.BigInteger, nullable=False),
    sql.Column("allow_list", sql.Boolean, nullable=False),
    sql.Column("log_size", sql.BigInteger, nullable=False),
)

collection = sql.Table(
    "collection",
    metadata,
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column("root", sql.Text, sql.ForeignKey("root.name"), nullable=False),
    sql.Column("position", sql.Integer, nullable=False),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("alias", sql.Text),
    sql.Column("description", sql.Text),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("last_added", sql.BigInteger, nullable=False),  # never goes back, whatever is deleted
    sql.UniqueConstraint("root", "alias"),
)

member = sql.Table(
    "member",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("identity", sql.Text, nullable=False, unique=True),
    sql.Column("auth", sql.Text, nullable=False),
    sql.Column("suspended", sql.Boolean, nullable=False),
    sql.Column("quarantined", sql.Boolean, nullable=False),
    sql.Column("public_key", sql.LargeBinary),
    sql.Column("fingerprint", sql.Text, unique=True),
    sql.Column("secret_hash", sql.Text),
    sql.Column("revision", sql.Integer, nullable=False),
)

member_right = sql.Table(
    "member_right",
    metadata,
    sql.Column("member", sql.Text, sql.ForeignKey("member.name"), primary_key=True),
    sql.Column("collection", sql.Text, sql.ForeignKey("collection.id"), primary_key=True),
    sql.Column("read", sql.Boolean, nullable=False),
    sql.Column("write", sql.Boolean, nullable=False),
    sql.Column("level", sql.SmallInteger, nullable=False),
)

object_ = sql.Table(
    "object",
    metadata,
    sql.Column("collection", sql.Text, sql.ForeignKey("collection.id"), primary_key=True),
    sql.Column("date_added", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("id", sql.Text, nullable=False),
    sql.Column("version", sql.BigInteger, nullable=False),
    sql.Column("type", sql.Text, nullable=False),
    sql.Column("spec_version", sql.Text, nullable=False),
    sql.Column("level", sql.SmallInteger, nullable=False),
    sql.Column("publisher", sql.Text, nullable=False),
    sql.Column("origin", sql.Text, nullable=False),
    sql.Column("revoked", sql.Boolean, nullable=False),
    sql.Column("superseded", sql.Boolean, nullable=False),
    sql.Column("leaf", sql.BigInteger),  # the number of its entry in the root's log
    sql.Column("signature", sql.LargeBinary),
    sql.Column("key_id", sql.Text),
    sql.Column("receipt", sql.LargeBinary),
    sql.Column("receipt_key_id", sql.Text),
    sql.Column("body", sql.LargeBinary, nullable=False),
)
sql.Index(
    "uq_object_version",
    object_.c.collection,
    object_.c.id,
    object_.c.spec_version,
    object_.c.version,
    unique=True,
)
# A page is made of branches (`selecting`), each of which walks one of these from the cursor on.
for _columns in ((), ("publisher",), ("type",)):
    _all = ("collection", "superseded", *_columns, "level", "date_added")
    sql.Index(f"ix_object_{'_'.join((*_columns, 'level'))}", *(object_.c[each] for each in _all))

#: What was deleted: not the object, only that this version of it was there, and whose.
deletion = sql.Table(
    "deletion",
    metadata,
    sql.Column("collection", sql.Text, sql.ForeignKey("collection.id"), primary_key=True),
    sql.Column("date_added", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("id", sql.Text, nullable=False),
    sql.Column("version", sql.BigInteger, nullable=False),
    sql.Column("level", sql.SmallInteger, nullable=False),
    sql.Column("publisher", sql.Text, nullable=False),
    sql.Column("revoked", sql.Boolean, nullable=False),
    sql.Column("leaf", sql.BigInteger),  # of the entry that tells of its publication
)
sql.Index("ix_deletion_id", deletion.c.collection, deletion.c.id)

log_entry = sql.Table(
    "log_entry",
    metadata,
    sql.Column("root", sql.Text, sql.ForeignKey("root.name"), primary_key=True),
    sql.Column("leaf", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("entry", sql.LargeBinary, nullable=False),
    sql.Column("salt", sql.LargeBinary, nullable=False),
    sql.Column("id", sql.Text),
    sql.Column("version", sql.BigInteger),
)

tile = sql.Table(
    "tile",
    metadata,
    sql.Column("root", sql.Text, sql.ForeignKey("root.name"), primary_key=True),
    sql.Column("level", sql.SmallInteger, primary_key=True, autoincrement=False),
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("content", sql.LargeBinary, nullable=False),
)

status = sql.Table(
    "status",
    metadata,
    sql.Column("root", sql.Text, sql.ForeignKey("root.name"), primary_key=True),
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column("member", sql.Text, nullable=False),
    sql.Column("at", sql.BigInteger, nullable=False, index=True),
    sql.Column("body", sql.LargeBinary, nullable=False),
)

quota = sql.Table(
    "quota",
    metadata,
    sql.Column("member", sql.Text, primary_key=True),
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("day", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("used", sql.BigInteger, nullable=False),
)

document = sql.Table(
    "document",
    metadata,
    sql.Column("root", sql.Text, primary_key=True),
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("secret", sql.Boolean, nullable=False),
    sql.Column("body", sql.LargeBinary, nullable=False),
)
