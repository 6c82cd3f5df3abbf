"""What worker and training share: ion images, preprocessing, file formats, errors, limits."""
