"""Which protocol this is, and who may talk to whom."""

from __future__ import annotations

from .errors import ProtocolError

SOFTWARE_VERSION = "0.1.0"
PROTOCOL_VERSION = (1, 2)
"""Major: what may break. Minor: what was added. Peers of one major understand each other (``SPEC.md``)."""


def check_peer(peer: tuple[int, int], peer_software: str = "") -> None:
    """Refuse a peer of another major version with a sentence for the artist.

    Raises:
        ProtocolError: ``protocol.version_mismatch``.
    """
    if peer[0] == PROTOCOL_VERSION[0]:
        return
    software = f" (Cameo {peer_software})" if peer_software else ""
    raise ProtocolError(
        "protocol.version_mismatch",
        "The Blender add-on and the backend come from different Cameo releases.",
        cause=f"One{software} speaks protocol {peer[0]}.{peer[1]}, "
        f"the other (Cameo {SOFTWARE_VERSION}) speaks {PROTOCOL_VERSION[0]}.{PROTOCOL_VERSION[1]}.",
        fix="Install the add-on and the backend of the same Cameo release, then start the backend again.",
    )
