"""A result for people: as text, as a page, as code."""
