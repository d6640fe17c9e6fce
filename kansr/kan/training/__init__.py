"""How a network learns: starts, Levenberg-Marquardt, grids, penalties."""
