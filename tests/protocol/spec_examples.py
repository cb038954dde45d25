"""The examples of SPEC.md as frames: the corpus of the tests of the wire."""

import json
import re
from pathlib import Path

import cameo.protocol
import numpy as np
from cameo.protocol.codec import MAGIC
from cameo.protocol.version import PROTOCOL_VERSION


def spec_headers() -> dict[str, dict]:
    """kind -> the example's JSON."""
    text = (Path(cameo.protocol.__path__[0]) / "SPEC.md").read_text(encoding="utf-8")
    headers = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    return {header["kind"]: header for header in headers}


def frames_of(header: dict) -> list[bytes]:
    """The example's frames; its arrays count upwards."""
    frames = [MAGIC + bytes(PROTOCOL_VERSION), json.dumps(header).encode()]
    for entry in header.get("arrays", []):
        count = int(np.prod(entry["shape"]))
        frames.append(np.arange(count).astype(entry["dtype"]).tobytes())
    return frames
