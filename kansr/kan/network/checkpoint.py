"""A network as two files: its shape as JSON, its numbers as safetensors."""

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
from kansr.kan.network.layer import BASE_FUNCTIONS, KANLayer
from kansr.kan.network.network import Network
from kansr.kan.network.pykan_names import function
from kansr.symbolic.library.function import Library
from kansr.symbolic.library.standard import STANDARD

FORMAT, VERSION = "kansr.kan", 1

AnyNetwork = TypeVar("AnyNetwork", bound=Network)


def save(model: Network, path: str | PathLike[str]) -> None:
    """Write `path`.json and `path`.safetensors; the rows it was trained on are not written."""
    shape = {
        "format": FORMAT,
        "version": VERSION,
        "width": [list(entry) for entry in model.width],
        "mult_arity": [list(arities) for arities in model.arities],
        "k": model.k,
        "grid_eps": model.grid_eps,
        "trained": bool(getattr(model, "trained", False)),
        "layers": [_shape(layer) for layer in model.layers],
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    try:
        save_file(tensors, _with(path, ".safetensors"))
        _with(path, ".json").write_text(json.dumps(shape, indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        raise UsageError(f"cannot write {path}: {err.strerror}") from err


def load(kind: type[AnyNetwork], path: str | PathLike[str], library: Library = STANDARD) -> AnyNetwork:
    """The network that was written to `path`; own functions are looked up by name in `library`."""
    file = _with(path, ".json")
    try:
        shape = json.loads(file.read_text(encoding="utf-8"))
        tensors = load_file(_with(path, ".safetensors"))
    except (OSError, ValueError, SafetensorError) as err:
        raise UsageError(f"{path} is no saved network that can be read: {err}") from err
    if not isinstance(shape, dict) or shape.get("format") != FORMAT:
        raise UsageError(f"{file} is no network of kansr: its format is not {FORMAT!r}")
    if shape.get("version") != VERSION:
        raise UsageError(
            f"{file} has version {shape.get('version')!r} of the format {FORMAT}; this kansr reads version {VERSION}: "
            "load it with the kansr that wrote it"
        )
    model = kind(shape["width"], 1, shape["k"], mult_arity=shape["mult_arity"], grid_eps=shape["grid_eps"])
    parts = [_layer(n, layer, tensors, library) for n, layer in enumerate(shape["layers"])]
    model.act_fun = nn.ModuleList(parts)
    if hasattr(model, "trained"):
        model.trained = shape["trained"]
    return model


def _with(path: str | PathLike[str], suffix: str) -> Path:
    return Path(path).with_name(Path(path).name + suffix)


def _shape(layer: KANLayer) -> dict[str, Any]:
    names = {fun: name for name, fun in BASE_FUNCTIONS.items()}
    if layer.base_fun not in names:
        raise UsageError(
            f"a base function of one's own cannot be written; it can be one of {', '.join(BASE_FUNCTIONS)}"
        )
    fixed = [{"from": i, "to": o, "function": f.name} for (i, o), f in layer.fixed.items()]
    return {"k": layer.k, "base_fun": names[layer.base_fun], "outside": layer.outside, "fixed": fixed}


def _layer(n: int, shape: dict[str, Any], tensors: dict[str, torch.Tensor], library: Library) -> KANLayer:
    own = {name.split(".", 2)[2]: value for name, value in tensors.items() if name.startswith(f"act_fun.{n}.")}
    base = BASE_FUNCTIONS[shape["base_fun"]]
    layer = KANLayer(own["grid"], own["coef"].shape[1], shape["k"], base, shape["outside"])
    layer.to(own["coef"].dtype).load_state_dict(own)
    layer.fixed = {(e["from"], e["to"]): function(e["function"], library) for e in shape["fixed"]}
    return layer
