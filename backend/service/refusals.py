"""What a client on another computer may not ask for."""

from __future__ import annotations

from ...protocol.errors import CameoError
from ...protocol.messages import GenerateAvatar


def require_from_here(caller: str) -> None:
    """Only programs on this computer (``caller`` empty) stop the backend. Raises CameoError ``service.not_yours``."""
    if caller:
        raise CameoError(
            "service.not_yours",
            "A backend on another computer is stopped there.",
            cause="others may be using it",
            fix="Disconnect, or ask its owner.",
        )


def require_no_paths(caller: str, request: GenerateAvatar) -> None:
    """A path means a file of the client's computer, which is not here. Raises CameoError ``request.path_from_afar``."""
    paths = [name for name, value in request.options.items() if name.endswith("_path") and value]
    if caller and paths:
        raise CameoError(
            "request.path_from_afar",
            "A backend on another computer cannot read a file of yours.",
            cause=f"the setting {paths[0]} names one",
            fix="Empty Head Model in the add-on's preferences: heads made there are on Cameo's own head model.",
        )
