"""PNG files of ion images: validation, decoding and encoding."""
