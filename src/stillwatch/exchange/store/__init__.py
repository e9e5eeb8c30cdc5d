"""What the exchange keeps: SQLite by default, with nothing to install, PostgreSQL in service.

store         the class Store: all that others call
transaction   what is done together in one root, or not at all
selecting     the query of every read
directory, objects, leaves, notes
              roots and members; objects; the log; statuses, quotas, documents: over an open connection
engine        how a database is reached
schema        its version, and `migrations/`
tables        the tables
dump, load    backup and restore in an open JSON form
"""
