"""Saving and loading a network: its architecture as JSON, its tensors as safetensors."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from kansr.errors import UsageError
from kansr.kan.network.layer import BASE_FUNCTIONS, FIXED, KANLayer
from kansr.kan.network.network import Network
from kansr.kan.network.pykan_names import function
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD

FORMAT, VERSION = "kansr.kan", 1

AnyNetwork = TypeVar("AnyNetwork", bound=Network)


def save(model: Network, path: str | PathLike[str]) -> None:
    """Write `path`.json and `path`.safetensors. The training rows are not saved.

    Raises UsageError where the files cannot be written, or for a base function that has no name.
    """
    architecture = {
        "format": FORMAT,
        "version": VERSION,
        "width": [list(entry) for entry in model.width],
        "mult_arity": [list(arities) for arities in model.arities],
        "k": model.k,
        "grid_eps": model.grid_eps,
        "trained": bool(getattr(model, "trained", False)),
        "layers": [_layer_entry(layer) for layer in model.layers],
    }
    tensors = {
        name: value.detach().cpu().contiguous()
        for name, value in model.state_dict().items()
        if not name.endswith(f".{FIXED}")
    }
    try:
        save_file(tensors, _with(path, ".safetensors"))
        _with(path, ".json").write_text(json.dumps(architecture, indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}") from err


def load(kind: type[AnyNetwork], path: str | PathLike[str], library: Library = STANDARD) -> AnyNetwork:
    """The network saved at `path`. Functions of the user's own are looked up by name in `library`.

    Raises UsageError for files that are missing, damaged, or of another format or version.
    """
    file = _with(path, ".json")
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        tensors = load_file(_with(path, ".safetensors"))
    except (OSError, ValueError, SafetensorError) as err:
        raise UsageError(f"cannot read a saved network from {path}: {err}") from err
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise UsageError(f"{file} is not a saved network of kansr: its format is not {FORMAT!r}")
    if saved.get("version") != VERSION:
        raise UsageError(
            f"{file} has version {saved.get('version')!r} of the format {FORMAT}; this kansr reads version {VERSION}: "
            "load it with the kansr that wrote it"
        )
    model = kind(saved["width"], 1, saved["k"], mult_arity=saved["mult_arity"], grid_eps=saved["grid_eps"])
    model.act_fun = nn.ModuleList(_layer(n, entry, tensors, library) for n, entry in enumerate(saved["layers"]))
    if hasattr(model, "trained"):
        model.trained = saved["trained"]
    return model


def _with(path: str | PathLike[str], suffix: str) -> Path:
    return Path(path).with_name(Path(path).name + suffix)


def _layer_entry(layer: KANLayer) -> dict[str, Any]:
    names = {fun: name for name, fun in BASE_FUNCTIONS.items()}
    if layer.base_fun not in names:
        raise UsageError(
            f"a network with a base function of your own cannot be saved; use one of {', '.join(BASE_FUNCTIONS)}"
        )
    fixed = [{"from": i, "to": o, "function": f.name} for (i, o), f in layer.fixed.items()]
    return {"k": layer.k, "base_fun": names[layer.base_fun], "outside": layer.outside, "fixed": fixed}


def _layer(n: int, entry: dict[str, Any], tensors: dict[str, torch.Tensor], library: Library) -> KANLayer:
    own = {name.split(".", 2)[2]: value for name, value in tensors.items() if name.startswith(f"act_fun.{n}.")}
    base = BASE_FUNCTIONS[entry["base_fun"]]
    layer = KANLayer(own["grid"], own["coef"].shape[1], entry["k"], base, entry["outside"])
    layer.to(own["coef"].dtype).load_state_dict(own)
    layer.fixed = {(e["from"], e["to"]): function(e["function"], library) for e in entry["fixed"]}
    return layer
