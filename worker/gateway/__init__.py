"""Takes events from Celery applications, checks them, and adds them to the events streams."""
