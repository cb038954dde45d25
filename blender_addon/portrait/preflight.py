"""Looking first: what the backend sees in the scene's portrait, asked for by itself whenever the portrait changes.

``poll`` belongs to the add-on's timer. Files are read in a thread, once. An image's pixels are taken when the artist
presses a button, never by the timer, and made a picture file in a thread; a job that needs it waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...protocol.errors import CameoError
from ...protocol.messages import Examined
from ..link.client import BackendClient
from ..link.problem import Problem
from ..link.question import Question
from ..link.state import LinkState
from .request import request_of
from .sources import FileStamp, chosen_file, chosen_image, file_of, read_file, stamp_of, stored_bytes, taken

SETTLE_SECONDS = 0.3
"""So long nothing may have changed before the backend is asked: a slider that is dragged asks once."""

Wanted = tuple[object, ...]  # everything that changes the answer; the first item stands for the picture


@dataclass
class Content:
    """A picture's bytes once they are there, or why they cannot be."""

    picture: object
    data: bytes | None = None
    stamp: FileStamp | None = None
    problem: Problem | None = None

    @property
    def there(self) -> bool:
        return self.data is not None or self.problem is not None


class Preflight:
    """One for the session: it follows the scene in the first window."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wanted: Wanted | None = None
        self._since = 0.0
        self._pressed = False  # the artist wants it now, whatever the setting
        self._asked: Wanted | None = None
        self._content: Content | None = None
        self._question: Question | None = None
        self._seen: tuple[object, Examined] | None = None  # the last answer about a picture
        self._waiting_for: list[tuple[Content, Callable[[bytes], object]]] = []

    @property
    def waiting(self) -> bool:
        """Whether an answer to what the scene shows now is on its way."""
        return self._question is not None and not self._question.over

    @property
    def answer(self) -> Examined | None:
        """The newest answer about the picture that is chosen now; it may be of an older crop while another comes."""
        return self._seen[1] if self._seen and self._wanted and self._seen[0] == self._wanted[0] else None

    @property
    def problem(self) -> Problem | None:
        """Why the portrait cannot be used, or not be looked at."""
        if self._content is not None and self._content.problem is not None:
            return self._content.problem
        return self._question.problem if self._question is not None else None

    @property
    def chosen(self) -> bool:
        """Whether there is a portrait."""
        return self._wanted is not None

    @property
    def must_be_read(self) -> bool:
        """Whether the portrait is an image that only a press of the button may encode."""
        return self._wanted is not None and self._content is None

    @property
    def reading(self) -> bool:
        """Whether the portrait, or that of a head already asked for, is still being read."""
        return bool(self._waiting_for) or (self._content is not None and not self._content.there)

    def poll(self, client: BackendClient, scene: bpy.types.Scene) -> bool:
        """Ask what there is to ask; whether the panel has to be drawn again. No disk, no waiting."""
        before = self.waiting, self.problem, self.answer, self.reading
        self._follow(scene)
        self._deliver()
        if self._question is not None and self._question.answer is not None and self._asked is not None:
            self._seen = self._asked[0], self._question.answer
        if self._may_ask(client, scene):
            self._asked, self._pressed = self._wanted, False
            self._question = client.examine(request_of(scene, self._content.data))
        return before != (self.waiting, self.problem, self.answer, self.reading)

    def look(self, scene: bpy.types.Scene) -> None:
        """Read the portrait again and ask again, even if nothing changed.

        Raises:
            CameoError: those of ``sources.taken``.
        """
        self.forget()
        self._follow(scene)
        image = chosen_image(scene)
        if image is not None and self._wanted is not None:
            self._content = _of_image(image, self._wanted[0])
        self._since, self._pressed = 0.0, True

    def give(self, scene: bpy.types.Scene, use: Callable[[bytes], object]) -> None:
        """Give ``use`` the portrait as it is now: at once where it is a file, else as soon as it has become one.

        Raises:
            CameoError: those of ``sources.read_file`` and ``taken``; ``portrait.none``.
        """
        path, image = chosen_file(scene), chosen_image(scene)
        if path is not None:
            use(self._file(path))
        elif image is not None:
            self._waiting_for.append((_of_image(image, image.name_full), use))
            self._deliver()
        else:
            raise CameoError("portrait.none", "No portrait is chosen.", fix="Choose a picture of one person.")

    def end(self) -> None:
        """Forget what is waited for, too."""
        self._waiting_for.clear()
        self.forget()

    def _file(self, path: Path) -> bytes:
        """Its bytes: those that were looked at if the file is still the same, else read again."""
        kept = self._content
        try:
            if kept is not None and kept.data is not None and kept.stamp == stamp_of(path):
                return kept.data
        except OSError:
            pass  # reading it says why
        return read_file(path)[0]

    def _deliver(self) -> None:
        """Give out what was waited for and is there."""
        waiting, self._waiting_for = self._waiting_for, []
        for content, use in waiting:
            if content.data is not None:
                use(content.data)
            elif content.problem is not None:
                self._content = content  # its problem is what the artist has to see
            else:
                self._waiting_for.append((content, use))

    def forget(self) -> None:
        """Begin anew: another file was opened, or the connection changed hands."""
        self._wanted = self._asked = self._content = self._question = self._seen = None

    def _follow(self, scene: bpy.types.Scene) -> None:
        wanted = _wanted(scene)
        if wanted == self._wanted:
            return
        self._since = self._clock()
        if wanted is None or self._wanted is None or wanted[0] != self._wanted[0]:
            self._content = self._question = self._asked = None
            if wanted is not None:
                self._content = _begin_to_read(scene, wanted[0])
        self._wanted = wanted

    def _may_ask(self, client: BackendClient, scene: bpy.types.Scene) -> bool:
        if self._wanted in (None, self._asked) or client.state is not LinkState.CONNECTED:
            return False
        ready = self._content is not None and self._content.data is not None
        wished = scene.cameo_portrait.look or self._pressed
        return ready and wished and self._clock() - self._since >= SETTLE_SECONDS


def _wanted(scene: bpy.types.Scene) -> Wanted | None:
    path, image = chosen_file(scene), chosen_image(scene)
    if path is None and image is None:
        return None
    # not the image's size in pixels: to know it Blender would decode the file
    picture = path or (image.name_full, image.packed_file.size if image.packed_file else 0)
    crop = tuple(sorted(scene.cameo_portrait.crop_options().items()))
    return picture, scene.cameo.face, crop  # every engine starts from the same crop


def _begin_to_read(scene: bpy.types.Scene, picture: object) -> Content | None:
    """The content, perhaps still on its way; None for an image whose pixels must be taken first."""
    if isinstance(picture, Path):
        return _read_in_thread(Content(picture), lambda: read_file(picture))
    stored = stored_bytes(chosen_image(scene))
    return Content(picture, stored) if stored is not None else None


def _of_image(image: bpy.types.Image, picture: object) -> Content:
    """The content of an image as it is now, perhaps still on its way."""
    pixels = taken(image)
    if isinstance(pixels, bytes):
        return Content(picture, pixels)
    return _read_in_thread(Content(picture), lambda: (file_of(pixels), None))


def _read_in_thread(content: Content, read: Callable[[], tuple[bytes, FileStamp | None]]) -> Content:
    """``read`` may not touch Blender."""
    threading.Thread(target=_read_into, args=(content, read), name="cameo-portrait", daemon=True).start()
    return content


def _read_into(content: Content, read: Callable[[], tuple[bytes, FileStamp | None]]) -> None:
    try:
        data, content.stamp = read()
        content.data = data  # last: whoever sees it sees the stamp, too
    except CameoError as error:
        content.problem = Problem.of(error)


PREFLIGHT = Preflight()
