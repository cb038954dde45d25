"""One frozen dataclass per message. ``SPEC.md`` shows each on the wire; ``codec.py`` is the only way there and back.

A field is a plain value, a tuple of small dataclasses, or an array whose dtype and axes stand in its type. Arrays may
come back read-only. Fields with a default may be missing on the wire, and unknown fields are ignored: that is how
a minor version adds something.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import numpy as np

from . import limits
from .jobs import JobState, is_job_id

Scalar = str | int | float | bool
LEFT_OUT_WHEN_DEFAULT = {"left_out_when_default": True}
"""Metadata of a field that a minor version added to an older message: without it that message is as it always was."""


@dataclass(frozen=True)
class Axes:
    """What an array field must be: a dtype, and for each axis an extent or None for any."""

    dtype: str
    extents: tuple[int | None, ...]


Bytes = Annotated[np.ndarray, Axes("|u1", (None,))]
Picture = Annotated[np.ndarray, Axes("|u1", (None, None, 3))]
Points = Annotated[np.ndarray, Axes("<f4", (None, 3))]
Radii = Annotated[np.ndarray, Axes("<f4", (None,))]
Colors = Annotated[np.ndarray, Axes("|u1", (None, 3))]


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


@dataclass(frozen=True, eq=False)
class Message:
    """The root of every message; ``KIND`` names it on the wire."""

    KIND: ClassVar[str] = ""


@dataclass(frozen=True, eq=False)
class JobMessage(Message):
    """A message about one job. ``job`` is a canonical UUID."""

    job: str

    def __post_init__(self) -> None:
        _require(is_job_id(self.job), "job is not a canonical UUID")


@dataclass(frozen=True, eq=False)
class JobEvent(JobMessage):
    """Something that happened to a job. ``seq`` grows through a server's life and restarts; 0: not journalled."""

    seq: int

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.seq >= 0, "seq is negative")


# The handshake -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Hello(Message):
    """Client, first: who I am. Answered by :class:`Welcome`, or by :class:`Failure` ``protocol.version_mismatch``."""

    KIND: ClassVar[str] = "hello"
    software: str
    """Version of Cameo."""
    client: str = ""
    """The program, for the log: ``"Blender 5.2.3"``."""


@dataclass(frozen=True)
class EngineInfo:
    """A way of making an avatar. ``ready`` is false while something is missing; ``missing`` says what.

    ``terms`` (1.1) says in one sentence what its models' licences allow for paid work.
    """

    name: str
    title: str
    ready: bool = True
    missing: str = ""
    terms: str = field(default="", metadata=LEFT_OUT_WHEN_DEFAULT)


@dataclass(frozen=True)
class PresetInfo:
    """A quality setting. ``cost`` says in words what it takes."""

    name: str
    title: str
    cost: str = ""


@dataclass(frozen=True)
class WeightsInfo:
    """A model file: present on this machine or not, and under which licence."""

    name: str
    present: bool
    licence: str
    bytes: int = 0


@dataclass(frozen=True, eq=False)
class Welcome(Message):
    """Server: what this backend is and has."""

    KIND: ClassVar[str] = "welcome"
    software: str
    pid: int
    device: str
    """``"cpu"`` or the GPU's name."""
    memory_bytes: int
    """Memory of the device."""
    engines: tuple[EngineInfo, ...] = ()
    presets: tuple[PresetInfo, ...] = ()
    weights: tuple[WeightsInfo, ...] = ()


# Asking for work -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class GenerateAvatar:
    """Everything that changes the result, in one structure: it is also the key of what is cached.

    Attributes:
        image: uint8 [n], the bytes of a PNG, JPEG or WebP file as the artist has it.
        preset: quality setting, one of the backend's presets.
        engine: one of the backend's engines.
        face: which face where several are found, counted from the largest (0); None: the largest, with a notice.
        options: further settings by name, for engines that know them.
    """

    image: Bytes
    preset: str = "preview"
    engine: str = "builtin"
    face: int | None = None
    options: dict[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(0 < self.image.nbytes <= limits.IMAGE_BYTES, "the picture is empty or larger than allowed")
        _require(self.face is None or 0 <= self.face < 1000, "face is not a small number")


@dataclass(frozen=True, eq=False)
class Submit(JobMessage):
    """Client: make an avatar. The id is the client's: sending it again is no second job. Answer: :class:`Accepted`."""

    KIND: ClassVar[str] = "submit"
    request: GenerateAvatar
    name: str = ""
    """What the artist calls it; shown in lists, never used as a path."""


@dataclass(frozen=True, eq=False)
class Accepted(JobMessage):
    """Server: what was asked of the job is in the journal. It now survives anything but the loss of the disk."""

    KIND: ClassVar[str] = "accepted"
    state: JobState
    known: bool = False
    """Submit: this id was submitted before; nothing new was started."""


@dataclass(frozen=True, eq=False)
class Subscribe(JobMessage):
    """Client: send me this job's events with ``seq > after``, those that wait and those to come, and its previews."""

    KIND: ClassVar[str] = "subscribe"
    after: int = 0


@dataclass(frozen=True, eq=False)
class Cancel(JobMessage):
    """Client: stop this job. Answer: :class:`Accepted`; it has stopped when its state is final (at most 2 s)."""

    KIND: ClassVar[str] = "cancel"


@dataclass(frozen=True, eq=False)
class Pause(JobMessage):
    """Client: stop this job and keep what it has made. Answer: :class:`Accepted`; it rests when it is ``paused``."""

    KIND: ClassVar[str] = "pause"


@dataclass(frozen=True, eq=False)
class Resume(JobMessage):
    """Client: let a paused job go on. Answer: :class:`Accepted`."""

    KIND: ClassVar[str] = "resume"


@dataclass(frozen=True, eq=False)
class Prefer(JobMessage):
    """Client: of the jobs that wait, take this one next. Answer: :class:`Accepted`."""

    KIND: ClassVar[str] = "prefer"


@dataclass(frozen=True, eq=False)
class Forget(JobMessage):
    """Client: take a job that has ended, and its result, off the disk. Answer: :class:`JobList`."""

    KIND: ClassVar[str] = "forget"


# Looking at a picture first -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Examine(JobMessage):
    """Client: what would you make of this request? ``job`` is the question's own id, not a job's.

    Answer: :class:`Examined`, or :class:`Failure` with that id. A client that asks again before it was answered gets
    an answer to its last question only.
    """

    KIND: ClassVar[str] = "examine"
    request: GenerateAvatar


@dataclass(frozen=True)
class FaceBox:
    """A face in the picture: the box of its landmarks, pixels from the upper left."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Remark:
    """Something the artist should know about the picture: a stable code and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Examined(JobMessage):
    """Server: what it sees in the picture.

    Attributes:
        width, height: of the decoded, upright picture.
        faces: the largest first. chosen: which of them the head would be made of.
        crop: float64 [2,3], pixel of the picture -> pixel of ``image``, before that was made smaller.
        image: uint8 [S,S,3] sRGB, the crop.
        matte: uint8 [S,S], the person in it.
        landmarks: float32 [K,2], pixels of ``image``.
        yaw_deg, pitch_deg, roll_deg: how the head is turned (``backend/conventions.md``).
        face_height: pixels of the picture. blur: of the face's edges, per cent of its height.
    """

    KIND: ClassVar[str] = "examined"
    width: int
    height: int
    faces: tuple[FaceBox, ...]
    chosen: int
    crop: Annotated[np.ndarray, Axes("<f8", (2, 3))]
    image: Picture
    matte: Annotated[np.ndarray, Axes("|u1", (None, None))]
    landmarks: Annotated[np.ndarray, Axes("<f4", (None, 2))]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    face_height: float
    blur: float
    remarks: tuple[Remark, ...] = ()


# What happens to a job -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class StateChanged(JobEvent):
    """Server: the job has a new state."""

    KIND: ClassVar[str] = "state"
    state: JobState
    attempt: int = 0


@dataclass(frozen=True, eq=False)
class Progress(JobEvent):
    """Server: how far the job is. The journal keeps the newest only."""

    KIND: ClassVar[str] = "progress"
    stage: str
    fraction: float
    """Of the whole job, 0..1."""
    stage_fraction: float = 0.0
    eta_seconds: float | None = None
    message: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(0 <= self.fraction <= 1 and 0 <= self.stage_fraction <= 1, "a fraction is outside 0..1")


@dataclass(frozen=True, eq=False)
class Notice(JobEvent):
    """Server: a warning that does not stop the job, e.g. ``portrait.several_faces``."""

    KIND: ClassVar[str] = "notice"
    code: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Preview(JobMessage):
    """Server: how the avatar looks so far. Latest wins; may be dropped; never journalled.

    Attributes:
        image: uint8 [H,W,3] sRGB, or None.
        means: float32 [N,3] metres, head frame, neutral pose; or None.
        scales: float32 [N], radius of each splat in metres.
        colors: uint8 [N,3] sRGB.
    """

    KIND: ClassVar[str] = "preview"
    image: Picture | None = None
    means: Points | None = None
    scales: Radii | None = None
    colors: Colors | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = {-1 if part is None else len(part) for part in (self.means, self.scales, self.colors)}
        _require(len(counts) == 1 and max(counts) <= limits.PREVIEW_SPLATS, "the splats disagree or are too many")


@dataclass(frozen=True, eq=False)
class Result(JobEvent):
    """Server: the avatar file is ready. It waits on the server; :class:`Fetch` brings it in pieces."""

    KIND: ClassVar[str] = "result"
    size: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Failure(Message):
    """Server: something failed. With ``job`` and ``seq`` it is an event of that job, else the answer to a request."""

    KIND: ClassVar[str] = "failure"
    code: str
    sentence: str
    cause: str = ""
    fix: str = ""
    job: str = ""
    seq: int = 0

    def __post_init__(self) -> None:
        _require(self.job == "" or is_job_id(self.job), "job is neither empty nor a canonical UUID")


# Results and lists ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Fetch(JobMessage):
    """Client: bytes of the result from ``offset`` on. Answer: one :class:`Chunk`; ask again until it is whole."""

    KIND: ClassVar[str] = "fetch"
    offset: int = 0
    length: int = limits.CHUNK_BYTES

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.offset >= 0 and 0 < self.length <= limits.CHUNK_BYTES, "offset or length is not allowed")


@dataclass(frozen=True, eq=False)
class Chunk(JobMessage):
    """Server: ``data`` uint8 [n] are the bytes from ``offset`` of the result's ``size`` bytes."""

    KIND: ClassVar[str] = "chunk"
    offset: int
    size: int
    data: Bytes


@dataclass(frozen=True)
class JobInfo:
    """One line of the list of jobs. ``submitted``: seconds since 1970. ``seq``: its newest event."""

    job: str
    name: str
    state: JobState
    fraction: float
    submitted: float
    seq: int


@dataclass(frozen=True, eq=False)
class ListJobs(Message):
    """Client: which jobs are there? Answer: :class:`JobList`."""

    KIND: ClassVar[str] = "list_jobs"


@dataclass(frozen=True, eq=False)
class JobList(Message):
    """Server: the newest jobs, newest first."""

    KIND: ClassVar[str] = "job_list"
    jobs: tuple[JobInfo, ...] = ()


# The connection ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Ping(Message):
    """Either side: are you there? ``nonce`` comes back."""

    KIND: ClassVar[str] = "ping"
    nonce: int = 0


@dataclass(frozen=True, eq=False)
class Pong(Message):
    """The answer to :class:`Ping`."""

    KIND: ClassVar[str] = "pong"
    nonce: int = 0


@dataclass(frozen=True, eq=False)
class Diagnose(Message):
    """Client, on the control socket: is all there that a backend needs? Answer: :class:`Diagnosis`."""

    KIND: ClassVar[str] = "diagnose"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found, and if that is not good, what to do."""

    good: bool
    found: str
    fix: str = ""


@dataclass(frozen=True, eq=False)
class Diagnosis(Message):
    """Server: what it found."""

    KIND: ClassVar[str] = "diagnosis"
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Shutdown(Message):
    """Client: stop the backend. Running jobs stay in the journal and resume at the next start."""

    KIND: ClassVar[str] = "shutdown"


@dataclass(frozen=True, eq=False)
class Closing(Message):
    """Server: I am about to stop, in order; ``reason`` for the artist."""

    KIND: ClassVar[str] = "closing"
    reason: str = ""


MESSAGES: dict[str, type[Message]] = {
    message.KIND: message
    for message in (
        *(Hello, Welcome, Submit, Accepted, Subscribe, Cancel, Pause, Resume, Prefer, Forget, Examine, Examined),
        *(StateChanged, Progress, Notice, Preview, Result, Failure),
        *(Fetch, Chunk, ListJobs, JobList, Ping, Pong, Diagnose, Diagnosis, Shutdown, Closing),
    )
}
