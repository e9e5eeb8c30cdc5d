"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "document",
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("root", "name", name=op.f("pk_document")),
    )
    op.create_table(
        "member",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_member")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_member_fingerprint")),
        sa.UniqueConstraint("identity", name=op.f("uq_member_identity")),
    )
    op.create_table(
        "quota",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "name", "day", name=op.f("pk_quota")),
    )
    op.create_table(
        "root",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("max_content_length", sa.BigInteger(), nullable=False),
        sa.Column("allow_list", sa.Boolean(), nullable=False),
        sa.Column("log_size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_root")),
    )
    op.create_table(
        "collection",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("last_added", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["root"], ["root.name"], name=op.f("fk_collection_root")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("root", "alias", name=op.f("uq_collection_root_alias")),
    )
    op.create_table(
        "log_entry",
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["root"], ["root.name"], name=op.f("fk_log_entry_root")),
        sa.PrimaryKeyConstraint("root", "leaf", name=op.f("pk_log_entry")),
    )
    op.create_table(
        "status",
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["root"], ["root.name"], name=op.f("fk_status_root")),
        sa.PrimaryKeyConstraint("root", "id", name=op.f("pk_status")),
    )
    op.create_index(op.f("ix_status_at"), "status", ["at"], unique=False)
    op.create_table(
        "tile",
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["root"], ["root.name"], name=op.f("fk_tile_root")),
        sa.PrimaryKeyConstraint("root", "level", "number", name=op.f("pk_tile")),
    )
    op.create_table(
        "member_right",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("read", sa.Boolean(), nullable=False),
        sa.Column("write", sa.Boolean(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["collection"], ["collection.id"], name=op.f("fk_member_right_collection")),
        sa.ForeignKeyConstraint(["member"], ["member.name"], name=op.f("fk_member_right_member")),
        sa.PrimaryKeyConstraint("member", "collection", name=op.f("pk_member_right")),
    )
    op.create_table(
        "object",
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("date_added", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("spec_version", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.Column("receipt_key_id", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["collection"], ["collection.id"], name=op.f("fk_object_collection")),
        sa.PrimaryKeyConstraint("collection", "date_added", name=op.f("pk_object")),
    )
    for columns in ((), ("publisher",), ("type",)):
        name = "_".join(("ix_object", *columns, "level"))
        op.create_index(name, "object", ["collection", "superseded", *columns, "level", "date_added"])
    op.create_index("uq_object_version", "object", ["collection", "id", "spec_version", "version"], unique=True)
