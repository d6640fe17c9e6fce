"""The structure of the data: surrogate models show how inputs combine, moves reduce, terminals solve what is left."""
