"""A member's side of the exchange: what it may say, what it has said, what others told it.

connection   one HTTP client, careful: one host, TLS verified, bounded sizes, bounded patience
taxii        TAXII 2.1 over it: roots, collections, adding; any server that keeps to the standard
paging       through a collection to its end, without loss and without an endless loop
session      the settings, put to work: a root, its collections, who we are

state        the member's own file, of these parts:
  mirror       what the exchange holds, and the checkpoint that goes with it
  outbox       what we would say and have said
  token_cache  tokens by a keyed digest
standing     what is known of who says something

means        what the accounts of a campaign share
share        from campaigns to the document that two persons look at
publishing   from the document to objects at the exchange, and back by withdrawal
answers      what we say of others' indicators

sync         all of it in its order
  checking     is an object taken?
  extension    keys, signatures and contributors of a stillwatch exchange
  vouching     who vouches for an object
  witness      the exchange's log only grows, and is the same for all
signals      what others said, as evidence of a scan
terminal     what share and sync show
"""
