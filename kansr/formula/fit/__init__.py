"""Constants of an expression by least squares, under an error model."""
