"""The durable record of events: Redis Streams with a consumer group, changed by a few scripts."""
