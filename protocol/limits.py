"""Every maximum and every interval of the protocol. Both sides read them here and nowhere else."""

from __future__ import annotations

# One message on the wire
HEADER_BYTES = 64 << 10
FRAME_BYTES = 4 << 20  # larger frames were 1.5-3x slower per byte; larger arrays travel in several frames
MESSAGE_BYTES = 48 << 20
FRAMES = 64
ARRAYS = 16
AXES = 4
TEXT_CHARS = 4096
LIST_ITEMS = 1024
INTEGER = 1 << 53  # beyond it JSON readers lose digits

# What a client may ask for
IMAGE_BYTES = 32 << 20
CHUNK_BYTES = 2 << 20  # most bytes of a result in one answer
PREVIEW_SPLATS = 50_000
DRAWN_PIXELS = 1 << 20  # of one answer: 12 MB, which wait for a client that has stopped reading

# Sockets
HEARTBEAT_INTERVAL_MS = 500
HEARTBEAT_TIMEOUT_MS = 1500
HEARTBEAT_TTL_MS = 2000
QUEUED_MESSAGES = 24  # per peer; with CHUNK_BYTES a client that stops reading costs the server 48 MB at most

# The same to other computers: a frame of 4 MiB may be on its way for long, and nothing else is heard meanwhile
REMOTE_HEARTBEAT_INTERVAL_MS = 2000
REMOTE_HEARTBEAT_TIMEOUT_MS = 20000
REMOTE_HEARTBEAT_TTL_MS = 20000
REMOTE_FRAME_BYTES = FRAME_BYTES + 256  # CURVE's envelope is 33 bytes
REMOTE_CHUNK_BYTES = 1 << 20
REMOTE_QUEUED_MESSAGES = 6  # previews are dropped early, so that events do not wait behind them

# Time
PREVIEW_SECONDS = 0.5  # previews of one job come no faster
PROGRESS_SECONDS = 0.5
CANCEL_SECONDS = 2.0  # a cancelled job has stopped by then
