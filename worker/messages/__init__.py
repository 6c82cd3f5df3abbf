"""The messages of docs/messages.md: CloudEvents 1.0 in structured mode, JSON."""
