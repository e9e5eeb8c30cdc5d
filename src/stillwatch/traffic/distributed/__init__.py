"""Requests where Spark reads them: Parquet and JSON lines wherever Spark finds files, and the tables of its catalogs.

    source = open_requests(engine, ["s3a://logs/2026-03/"], key=key, columns=COLUMNS)
    people = source.requests().gather(...)     # as often as one likes: it is read anew, the same rows
    source.requests(of=members).fold(...)      # of these accounts alone; others' rows end in the workers
    source.rejects.count

Spark cuts and carries; in the workers the readers of this package read and `Intake` checks: what a row means, which
rows stand and which identifiers become tokens is the same as in one process.
"""

from stillwatch.traffic.distributed.source import TABLE, Source, open_requests

__all__ = ["TABLE", "Source", "open_requests"]
