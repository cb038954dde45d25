"""Where the connection to the backend stands."""

from __future__ import annotations

from enum import Enum


class LinkState(Enum):
    """``ERROR`` comes with a problem, and the client goes on looking for the backend."""

    DISCONNECTED = "disconnected"
    STARTING = "starting"
    CONNECTED = "connected"
    ERROR = "error"
