"""Foreign files and folders: opened below a root, read within limits; and files written whole."""
