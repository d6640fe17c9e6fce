"""Fields with known equations, without a solver: sums of waves, and solutions that are known in closed form."""

from __future__ import annotations

import numpy as np

Arrays = dict[str, np.ndarray]


def diffusing(times: int = 80, places: int = 96) -> Arrays:
    """u_t = −1.5·u_x + 0.05·u_xx."""
    t, x = np.linspace(0, 2, times), np.linspace(0, 10, places)
    waves = [(1.0, 0.63, 0.3), (0.7, 1.26, 1.0), (0.5, 2.51, 2.0), (0.4, 3.77, 0.5)]
    moved = x[None, :] - 1.5 * t[:, None]
    u = sum(a * np.exp(-0.05 * k**2 * t[:, None]) * np.sin(k * moved + p) for a, k, p in waves)
    return {"t": t, "x": x, "u": np.asarray(u)}


def shock(times: int = 96, places: int = 128) -> Arrays:
    """u_t = −u·u_x + 0.1·u_xx, by the transform of Cole (1951) and Hopf (1950): u = −0.2·(log θ)_x, θ_t = 0.1·θ_xx."""
    t, x = np.linspace(0, 4, times), np.linspace(-4, 4, places)
    grown = [(1.0, 0.0, 0.0), (0.8, 4.0, 1.0), (0.5, -6.0, -1.0), (0.3, 9.0, 2.0)]
    shares = [np.exp(0.1 * k**2 * t[:, None] + k * (x[None, :] - c)) * a for a, k, c in grown]
    slope = sum(k * share for (_, k, _), share in zip(grown, shares))
    return {"t": t, "x": x, "u": np.asarray(-0.2 * slope / sum(shares))}


def spreading(times: int = 56, places: int = 36) -> Arrays:
    """u_t = 0.3·u_y + 0.2·u_xx in the plane."""
    t, x, y = np.linspace(0, 1, times), np.linspace(0, 6, places), np.linspace(0, 5, places + 4)
    T, X, Y = np.meshgrid(t, x, y, indexing="ij")
    moved = Y + 0.3 * T
    u = sum(
        a * np.exp(-0.2 * k**2 * T) * np.sin(k * X + p) * np.cos(m * moved - p)
        for a, k, m, p in [(1.0, 1.0, 0.8, 0.3), (0.7, 1.7, 1.9, 1.1), (0.5, 0.4, 1.3, 2.0)]
    )
    return {"t": t, "x": x, "y": y, "u": np.asarray(u)}


def with_noise(arrays: Arrays, level: float, seed: int = 0) -> Arrays:
    """The field with white noise of `level` times its root mean square."""
    u = arrays["u"]
    noise = np.random.default_rng(seed).normal(size=u.shape)
    return {**arrays, "u": u + level * np.sqrt(np.mean(u**2)) * noise}
