"""Textbook algorithms on arrays, each with its reference. Knows no tables and no formulas."""
