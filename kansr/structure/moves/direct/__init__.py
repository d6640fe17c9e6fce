"""Moves that the rows themselves are asked for."""
