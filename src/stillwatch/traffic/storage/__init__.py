"""Where logs live that are no files here: object stores, Delta and Iceberg tables, ClickHouse. One file each.

`objects` gives files of a store their bytes, so that every format and reader works there as it does here. `tables` is
what has rows instead of files: whatever can be asked for columns and gives Arrow batches.
"""
