"""Sums and products of curves, whose functions are named afterwards."""
