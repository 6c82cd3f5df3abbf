"""What worker and training must agree on: ion images, preprocessing, messages, errors, logging."""
