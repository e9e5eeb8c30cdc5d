"""Notices to people and collectors: webhooks, e-mail, OpenTelemetry events; kept on disk until they are taken."""
