"""Moves that are read off the gradient field of a surrogate model."""
