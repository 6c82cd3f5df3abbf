"""The Redis or Valkey server: its URL, TLS, Celery's transport, and outages."""
