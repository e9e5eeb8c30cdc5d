"""The TAXII 2.1 server: what members ask of the exchange over HTTP.

    from stillwatch.exchange.server.app import create
    app = create(exchange)                     # an ASGI application; `exchange` is server.exchange.Exchange

A request passes, from the outside in: `journal` (one log line, one observation for Prometheus), `errors` (whatever
goes wrong becomes a TAXII error message), `door` (a bound on the requests at work, who asks, how much he asks), then a
router: TAXII's own are `discovery`, `objects` and `adding`; what it has no word for stands under `/{root}/ext/`:
`stream`, `log`, `contributors`, `statistics`, `tokens`.
"""
