"""Tokens: equal values of two members become equal, and nobody learns any other value.

classes      what is made into tokens, and its normal form
values       one's own, from a file
epochs       a key's quarter of a year
prf          the function (RFC 9497), both sides, behind a small protocol
keys         the exchange's secret keys: in the store, sealed; rotation, destruction
evaluation   a process of its own for it, so that the server answers meanwhile
messages     what goes over the wire
client       a member's side: blinding, checking, remembering
matches      which of one's own values stand in indicators

The endpoints are `exchange.server.tokens`. Who learns what: `docs/exchange/matching.md`.
"""
