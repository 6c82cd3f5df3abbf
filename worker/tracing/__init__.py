"""Traces: where the time of one event went, for OpenTelemetry."""
