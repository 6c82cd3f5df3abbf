"""The worker's HTTP endpoint: probes, and metrics for Prometheus."""
