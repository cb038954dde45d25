"""The LiteRT networks: loaded once per process, safe to call from several threads."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ..weights.fetch import asset_path

THREADS = 2  # per network: they are small, and the optimiser beside them wants the other cores


class Network:
    """One LiteRT model. Calls are serialised: an interpreter owns one set of buffers."""

    def __init__(self, content: bytes) -> None:
        self._interpreter = Interpreter(model_content=content, num_threads=THREADS)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]
        self._lock = threading.Lock()

    def __call__(self, tensor: np.ndarray) -> Sequence[np.ndarray]:
        """Run on ``tensor`` (float32, the model's input shape) and return copies of its outputs, in model order."""
        with self._lock:
            self._interpreter.set_tensor(self._input, np.ascontiguousarray(tensor, np.float32))
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in self._outputs]


@lru_cache(maxsize=8)
def landmarker_network(member: str) -> Network:
    """A network inside ``face_landmarker.task``: ``face_detector``, ``face_landmarks_detector``, ``face_blendshapes``.

    Raises:
        AssetError: the model file is not here and cannot be fetched.
    """
    with zipfile.ZipFile(asset_path("face_landmarker.task")) as bundle:
        return Network(bundle.read(f"{member}.tflite"))


@lru_cache(maxsize=1)
def matting_network() -> Network:
    """The selfie segmenter. Raises :class:`AssetError` when its file cannot be had."""
    return Network(asset_path("selfie_segmenter.tflite").read_bytes())
