"""German, in the words of Blender's own German where it has them: Schlüsselbild, Zeitleiste, Skelett, Auflösung."""

from __future__ import annotations

from ...words import CAMEO
from .buttons import BUTTONS
from .labels import LABELS, OWN
from .told import TOLD
from .tooltips import TOOLTIPS

GERMAN = {("*", english): german for part in (LABELS, TOOLTIPS, TOLD) for english, german in part.items()}
GERMAN |= {("Operator", english): german for english, german in BUTTONS.items()}
GERMAN |= {(CAMEO, english): german for english, german in OWN.items()}
