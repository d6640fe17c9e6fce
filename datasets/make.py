"""Writes the tables in this folder that are computed: python datasets/make.py

The measured ones are transcriptions and stay as they are; README.md says which is which.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SEED = 1
GAS_CONSTANT = 8.314462618  # J/(mol K), exact in SI up to the digits shown (CODATA 2018)

# Hydrogen lines (n1, n2, wavelength in Å) from the NIST Handbook of Basic Atomic Spectroscopic Data: in vacuum below
# 2000 Å, in air above; fine-structure components are averaged with the tabulated intensities as weights.
LINES = (
    (1, 2, 1215.67004), (1, 3, 1025.7222), (1, 4, 972.5367), (1, 5, 949.743), (1, 6, 937.8034), (1, 7, 930.7482),
    (1, 8, 926.2256), (2, 3, 6562.7969), (2, 4, 4861.3292), (2, 5, 4340.462), (2, 6, 4101.74), (2, 7, 3970.072),
    (2, 8, 3889.049), (2, 9, 3835.384), (3, 4, 18751.01), (3, 5, 12818.07), (3, 6, 10938.1), (3, 7, 10049.4),
    (3, 8, 9545.97), (4, 5, 40511.6), (4, 6, 26251.5), (4, 7, 21655.3), (5, 6, 74578.0), (5, 7, 46525.1),
    (6, 7, 123685.0),
)  # fmt: skip


def vacuum(air: float) -> float:
    """The vacuum wavelength in Å of a wavelength in standard air; Peck & Reeder, JOSA 62, 958 (1972)."""
    wavelength = air
    for _ in range(5):  # the index belongs to the vacuum wavelength; the steps shrink by 1e-4 or more
        s2 = (1e4 / wavelength) ** 2  # wavenumber squared, 1/µm²
        wavelength = air * (1 + 1e-8 * (8060.51 + 2480990 / (132.274 - s2) + 17455.7 / (39.32957 - s2)))
    return wavelength


def rydberg() -> np.ndarray:
    return np.array([(n1, n2, (vacuum(w) if w > 2000 else w) / 10) for n1, n2, w in LINES])


def ideal_gas(rng: np.random.Generator, rows: int = 200) -> np.ndarray:
    """Amount, temperature, volume, pressure; the pressure with 0.2 % Gaussian noise, as a gauge would read it."""
    n = rng.uniform(0.1, 2, rows).round(3)
    t = rng.uniform(250, 400, rows).round(1)
    v = rng.uniform(0.005, 0.05, rows).round(5)
    return np.column_stack([n, t, v, n * GAS_CONSTANT * t / v * (1 + 0.002 * rng.standard_normal(rows))])


def exp_sin(rng: np.random.Generator, rows: int = 1000) -> np.ndarray:
    x, y = rng.uniform(-1, 1, size=(2, rows))
    return np.column_stack([x, y, np.exp(np.sin(np.pi * x) + y**2)])


def write(name: str, header: str, table: np.ndarray, digits: str) -> None:
    np.savetxt(HERE / name, table, fmt=digits.split(), delimiter=",", header=header, comments="")


if __name__ == "__main__":
    write("rydberg.csv", "n1,n2,wavelength_nm", rydberg(), "%d %d %.7g")
    write("ideal_gas.csv", "n_mol,T_K,V_m3,P_Pa", ideal_gas(np.random.default_rng(SEED)), "%.3f %.1f %.5f %.2f")
    write("exp_sin.csv", "x,y,z", exp_sin(np.random.default_rng(SEED)), "%.17g %.17g %.17g")
