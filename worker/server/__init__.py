"""The Redis or Valkey server: its address, TLS, Celery's transport, and what is an outage."""
