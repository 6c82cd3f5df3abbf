"""What commands print and draw: rows, and a gallery of ion images."""
