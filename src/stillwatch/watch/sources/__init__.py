"""Where a watch's requests come from: logs that grow, gateways' taps, OTLP/HTTP, Kafka. One file each."""
