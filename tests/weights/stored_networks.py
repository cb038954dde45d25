"""Checkpoints as StyleGAN's family stores them: networks with the source text of their classes."""

import pickle
import sys
import types
from collections import OrderedDict
from contextlib import contextmanager

import torch

_STAND_INS = {
    "torch_utils.persistence": "_reconstruct_persistent_obj",
    "dnnlib.util": "EasyDict",
    "training.volumetric_rendering.ray_sampler": "RaySampler",
}


@contextmanager
def published_names():
    """While inside, the names that the original writes can be pickled; yields them by their last part."""
    before = set(sys.modules)
    made = {}
    for path, name in _STAND_INS.items():
        parts = path.split(".")
        for end in range(1, len(parts) + 1):
            sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
        bases = (dict,) if name == "EasyDict" else (torch.nn.Module,) if name == "RaySampler" else ()
        made[name] = type(name, bases, {"__module__": path})
        setattr(sys.modules[path], name, made[name])
    try:
        yield types.SimpleNamespace(**made)
    finally:
        for path in set(sys.modules) - before:
            if path.split(".")[0] in {"torch_utils", "dnnlib", "training"}:
                del sys.modules[path]


class Stored:
    """A module as the original stores it: class name, source text, attributes."""

    def __init__(self, names, state, source, **meta):
        self._call = names._reconstruct_persistent_obj
        self._meta = {"type": "class", "version": 6, "module_src": source, "class_name": "X", "state": state} | meta

    def __reduce__(self):
        return self._call, (self._meta,)


def module_state(parameters=None, buffers=None, modules=None, **attributes):
    """The attributes of a torch module with these members."""
    groups = {"_parameters": parameters, "_buffers": buffers, "_modules": modules}
    own = {name: OrderedDict(members or {}) for name, members in groups.items()}
    return {"training": False, "_non_persistent_buffers_set": set(), "_forward_hooks": OrderedDict()} | own | attributes


def stored_tree(names, state, source, **attributes):
    """Nested modules for a state dict. Buffers and parameters are told apart by nothing but their names."""
    here, below = {}, {}
    for name, value in state.items():
        first, _, rest = name.partition(".")
        if rest:
            below.setdefault(first, {})[rest] = value
        else:
            here[first] = value
    buffers = {name: value for name, value in here.items() if name in ("w_avg", "noise_const", "resample_filter")}
    parameters = {
        name: torch.nn.Parameter(value, requires_grad=False) for name, value in here.items() if name not in buffers
    }
    modules = {name: stored_tree(names, members, source) for name, members in below.items()}
    extra = attributes.pop("modules", {})
    return Stored(names, module_state(parameters, buffers, modules | extra, **attributes), source)


def checkpoint(arguments, rendering, plane_axes, state, source):
    """The bytes of a checkpoint like PanoHead's: arguments as the training began, rendering as it ended."""
    with published_names() as names:
        renderer = Stored(names, module_state(plane_axes=plane_axes), source)
        network = stored_tree(
            names,
            state,
            source,
            modules={"renderer": renderer, "ray_sampler": names.RaySampler()},
            rendering_kwargs=names.EasyDict(rendering),
            neural_rendering_resolution=64,
            _last_planes=None,
            _init_args=(),
            _init_kwargs=names.EasyDict(arguments),
        )
        return pickle.dumps({"training_set_kwargs": names.EasyDict(), "G": None, "G_ema": network})
