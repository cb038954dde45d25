"""Which protocol this is, and who may talk to whom."""

from __future__ import annotations

from .errors import ProtocolError

SOFTWARE_VERSION = "0.1.0"
PROTOCOL_VERSION = (1, 1)
"""Major: what may break. Minor: what was added. Peers of one major understand each other (``SPEC.md``)."""


def check_peer(peer: tuple[int, int], peer_software: str = "") -> None:
    """Refuse a peer of another major version with a sentence for the artist.

    Raises:
        ProtocolError: ``protocol.version_mismatch``.
    """
    if peer[0] == PROTOCOL_VERSION[0]:
        return
    older, newer = ("the other side", "this side") if peer < PROTOCOL_VERSION else ("this side", "the other side")
    software = f" (Cameo {peer_software})" if peer_software else ""
    raise ProtocolError(
        "protocol.version_mismatch",
        f"The other side{software} speaks protocol {peer[0]}.{peer[1]}, "
        f"this side (Cameo {SOFTWARE_VERSION}) speaks {PROTOCOL_VERSION[0]}.{PROTOCOL_VERSION[1]}.",
        cause=f"The Blender add-on and the backend come from different releases; {newer} is newer than {older}.",
        fix="Install the add-on and the backend of the same Cameo release, then start the backend again.",
    )
