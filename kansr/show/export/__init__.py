"""A formula in other languages: one file a format."""
