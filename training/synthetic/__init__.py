"""Semi-synthetic ion images: real sample outlines and real textures, composed so that the label is known."""
