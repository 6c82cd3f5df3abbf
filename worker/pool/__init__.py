"""A worker's pool children: their devices, signs of life and shutdown."""
