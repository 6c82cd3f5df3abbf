"""Cross-validation: how a recipe does on datasets it was not fitted on."""
