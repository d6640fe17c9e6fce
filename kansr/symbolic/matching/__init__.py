"""Curves to library functions to one expression."""
