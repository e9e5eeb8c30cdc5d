"""A member's side of the exchange: what it may say, what it has said, what others told it.

connection   one HTTP client, careful: one host, TLS verified, bounded sizes, bounded patience
taxii        TAXII 2.1 over it: roots, collections, pages, adding; any server that keeps to the standard
state        the member's own file: the mirror of what it may read, checkpoints, the outbox, feedback
share        from a campaign to a document that shows what would leave, and from there to the exchange
sync         push what is approved, pull what is new, check it, answer it
"""
