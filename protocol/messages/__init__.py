"""One frozen dataclass per message. ``SPEC.md`` shows each on the wire; ``codec.py`` is the only way there and back.

A field is a plain value, a tuple of small dataclasses, or an array whose dtype and axes stand in its type. Arrays may
come back read-only. Fields with a default may be missing on the wire, and unknown fields are ignored: that is how
a minor version adds something.
"""

from __future__ import annotations

from .base import Axes, JobEvent, JobMessage, Message, Scalar
from .drawing import Draw, Drawn
from .events import Failure, Notice, Preview, Progress, Result, StateChanged
from .examination import Examine, Examined, FaceBox, Remark
from .handshake import EngineInfo, Hello, PresetInfo, WeightsInfo, Welcome
from .health import Closing, Diagnose, Diagnosis, Finding, Ping, Pong, Shutdown
from .requests import Accepted, Cancel, Forget, GenerateAvatar, Pause, Prefer, Resume, Submit, Subscribe
from .results import Chunk, Fetch, JobInfo, JobList, ListJobs

MESSAGES: dict[str, type[Message]] = {
    message.KIND: message
    for message in (
        *(Hello, Welcome, Submit, Accepted, Subscribe, Cancel, Pause, Resume, Prefer, Forget, Examine, Examined),
        *(StateChanged, Progress, Notice, Preview, Result, Failure, Draw, Drawn),
        *(Fetch, Chunk, ListJobs, JobList, Ping, Pong, Diagnose, Diagnosis, Shutdown, Closing),
    )
}

__all__ = [
    "MESSAGES",
    "Accepted",
    "Axes",
    "Cancel",
    "Chunk",
    "Closing",
    "Diagnose",
    "Diagnosis",
    "Draw",
    "Drawn",
    "EngineInfo",
    "Examine",
    "Examined",
    "FaceBox",
    "Failure",
    "Fetch",
    "Finding",
    "Forget",
    "GenerateAvatar",
    "Hello",
    "JobEvent",
    "JobInfo",
    "JobList",
    "JobMessage",
    "ListJobs",
    "Message",
    "Notice",
    "Pause",
    "Ping",
    "Pong",
    "Prefer",
    "PresetInfo",
    "Preview",
    "Progress",
    "Remark",
    "Result",
    "Resume",
    "Scalar",
    "Shutdown",
    "StateChanged",
    "Submit",
    "Subscribe",
    "WeightsInfo",
    "Welcome",
]
