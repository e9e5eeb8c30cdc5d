"""What Alembic runs: the migrations, on the connection that `schema.upgrade` has opened."""

from alembic import context

from stillwatch.exchange.store.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
