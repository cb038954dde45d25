"""German, in the words of the add-on's labels (``translations/de``). A sentence belongs to the family of its code."""

from __future__ import annotations

from .avatar import AVATAR
from .backend import BACKEND
from .install import INSTALL
from .making import MAKING
from .models import MODELS
from .portrait import PORTRAIT
from .scene import SCENE
from .system import SYSTEM

SENTENCES: dict[str, dict[str, str]] = {**AVATAR, **BACKEND, **INSTALL, **MAKING, **MODELS, **PORTRAIT, **SCENE}
SENTENCES["any"] = {**SENTENCES["any"], **SYSTEM}
