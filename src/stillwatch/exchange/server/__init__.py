"""The TAXII 2.1 server: what members ask of the exchange over HTTP.

    from stillwatch.exchange.server.app import create
    app = create(exchange)                     # an ASGI application; `exchange` is server.exchange.Exchange

A request passes, from the outside in: `journal` (one log line, one observation for Prometheus), `errors` (whatever goes
wrong becomes a TAXII error message), `door` (a bound on the requests at work, who asks, how much he asks) and then one of
the routers: `discovery`, `objects`, `adding`, `stream`, and those of the neighbours (`log`, `contributors`, `tokens`).
"""
