"""What pool children count and measure about events, for Prometheus."""
