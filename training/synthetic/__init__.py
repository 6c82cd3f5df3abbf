"""Semi-synthetic ion images: real sample outlines and real textures, with labels from the noise-free images."""
