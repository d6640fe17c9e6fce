"""Drawings are figures, and matplotlib is loaded late."""

from __future__ import annotations

import subprocess
import sys

import pytest

import kansr.kan
from kansr.kan import KAN, plot_scaling, plot_training


@pytest.mark.parametrize("width", [[2, 5, 1], [2, [3, 2], 1], [1, 1]])
def test_a_plot_is_a_figure_with_the_names(width: list) -> None:
    figure = KAN(width).plot(in_vars=["a", "b"][: width[0]], out_vars=["out"], title="A network")
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"a", "out", "A network"} <= texts


def test_curves_of_training_and_scaling_are_figures() -> None:
    results = {"train_loss": [1.0, 0.1], "test_loss": [1.1, 0.2], "reg": [0.0, 0.0]}
    assert [line.get_label() for line in plot_training(results).axes[0].lines] == ["train rms", "test rms"]
    figure = plot_scaling([5, 10, 20], {"100 rows": [1.0, 2**-4.0, 4**-4.0]})
    assert figure.axes[0].lines[0].get_label() == "100 rows, slope -4.00"


def test_pyplot_is_loaded_when_it_is_asked_for() -> None:
    loaded = "'matplotlib.pyplot' in sys.modules"
    code = f"import sys, kansr.kan; before = {loaded}; from kansr.kan import *; print(before, plt)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False <module 'matplotlib.pyplot'")
    with pytest.raises(AttributeError, match="no attribute 'plot_nothing'"):
        kansr.kan.plot_nothing  # noqa: B018
