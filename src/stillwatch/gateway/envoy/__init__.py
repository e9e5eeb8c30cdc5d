"""Envoy asks, over gRPC (`GrpcServer`) or HTTP (`over_http.routes`), whether a request may pass.

    Envoy ── Authorization.Check ──► judge: 429 or 403, or headers and metadata for what comes after
          ── ExternalProcessor ────► only where a measure takes something out of the body

ext_authz sees a request and cannot change its body; ext_proc can. So the first says `x-stillwatch-strip`, and Envoy's
route for requests with that header has the second. `deploy/envoy/` has the configurations, as the tests run them.
"""
