"""PNG files of ion images: checked before they are decoded, read and written."""
