"""What was deleted is remembered."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "deletion",
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("date_added", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["collection"], ["collection.id"], name=op.f("fk_deletion_collection")),
        sa.PrimaryKeyConstraint("collection", "date_added", name=op.f("pk_deletion")),
    )
    op.create_index("ix_deletion_id", "deletion", ["collection", "id"], unique=False)
