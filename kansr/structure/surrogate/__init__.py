"""Surrogate models of the target and their gradient fields: what moves are read off."""
