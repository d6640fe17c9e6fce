"""The written form: constants rounded, terms dropped. Description length decides."""
