"""Logs in ClickHouse, streamed by Arrow: `address` says where, `server` speaks, `table` reads, `plain` casts."""
