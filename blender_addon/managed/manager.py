"""The managed backend as the add-on sees it: one state to draw, and what can be asked. Nothing here waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from ..link.problem import Problem
from .folder import Installed, ManagedFolder
from .install import Choices, Installation
from .lock import Lock, lock_for, variant_for
from .machine import nvidia_gpu
from .refusal import Cancelled, Refused


class Work(Enum):
    """What is being done."""

    NONE = "none"
    INSTALLING = "installing"
    REMOVING = "removing"


@dataclass(frozen=True)
class ManagedState:
    """Everything the panel draws.

    Attributes:
        installed: the environment in use. outdated: this add-on brings another one.
        can_roll_back: the one before is still there.
        renewed: another one was in use until an installation of this session; it may still be running.
        interrupted: an installation came to nothing and left something; nothing is installed yet.
        fraction, line: how far the work is, and what it does now.
        problem: why the last work failed.
    """

    work: Work = Work.NONE
    installed: Installed | None = None
    outdated: bool = False
    can_roll_back: bool = False
    renewed: bool = False
    interrupted: bool = False
    fraction: float = 0.0
    line: str = ""
    problem: Problem | None = None


class ManagedBackend:
    """The managed backend below ``root``. Used from the main thread; the work is done in a thread of its own.

    ``locks`` gives what is to be installed for a variant.

    Attributes:
        state: replaced as a whole whenever something changes.
    """

    def __init__(self, root: Path, locks: Callable[[str], Lock] = lock_for) -> None:
        self.folder = ManagedFolder(root)
        self._locks = locks
        self.state = ManagedState()
        self._seen = self.state
        self._installation: Installation | None = None
        self._cancelled = False
        self._succeeded = False
        self._thread: threading.Thread | None = None
        self.look()

    @property
    def log(self) -> Path:
        """What the last installation's programs said."""
        return self.folder.log

    @property
    def busy(self) -> bool:
        return self.state.work is not Work.NONE

    def poll(self) -> bool:
        """Whether the state changed since the last call."""
        changed, self._seen = self.state is not self._seen, self.state
        return changed

    def look(self) -> None:
        """Read from the disk what is installed; a few small files."""
        installed = self.folder.current()
        self.state = replace(
            self.state,
            installed=installed,
            outdated=installed is not None and self._is_outdated(installed),
            can_roll_back=self.folder.previous() is not None,
            interrupted=installed is None and (self.folder.cache.exists() or bool(self.folder.interrupted())),
        )

    def install(self, wish: str, choices: Choices) -> None:
        """Install, or renew what is installed. ``wish`` is ``"auto"``, ``"cpu"`` or ``"gpu"``."""

        def work() -> None:
            variant, why = variant_for(nvidia_gpu() if wish != "cpu" else None, wish)
            self._report(0.0, f"Installing {why}")
            self._installation = Installation(self.folder, self._locks(variant), choices, self._report)
            if self._cancelled:
                raise Cancelled
            self._installation.run()
            self._succeeded = True
            self.state = replace(self.state, renewed=self.folder.previous() is not None)

        self._begin(Work.INSTALLING, work)

    def take_success(self) -> bool:
        """Whether an installation has come to its good end since the last call."""
        succeeded = self._succeeded and not self.busy
        self._succeeded &= not succeeded
        return succeeded

    def cancel(self) -> None:
        """Stop an installation; what was installed before stays."""
        self._cancelled = True
        if self._installation is not None:
            self._installation.cancel()

    def uninstall(self) -> None:
        """Take the environment and everything beside it away."""

        def work() -> None:
            self._report(0.0, "Removing the backend")
            try:
                self.folder.remove_all()
            except OSError as error:
                raise Refused(
                    Problem(
                        "install.not_removed",
                        "The backend could not be removed completely.",
                        str(error),
                        f"Stop the backend and press Retry, or delete the folder {self.folder.root} yourself.",
                    )
                ) from error

        self._begin(Work.REMOVING, work)

    def roll_back(self) -> bool:
        """Use the environment before the last upgrade again. False when there is none."""
        done = not self.busy and self.folder.roll_back()
        self.state = replace(self.state, renewed=False)
        self.look()
        return done

    def confirm(self) -> None:
        """The environment in use has answered: the one before may go."""
        self.state = replace(self.state, renewed=False)
        if self.state.can_roll_back and not self.busy:
            self._begin(Work.REMOVING, self.folder.forget_previous)

    def dismiss(self) -> None:
        """Forget the problem."""
        self.state = replace(self.state, problem=None)

    def end(self, wait_seconds: float = 5.0) -> None:
        """Blender or the add-on goes: stop what runs."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(wait_seconds)

    def _begin(self, work: Work, function: Callable[[], None]) -> None:
        if self.busy:
            return
        self._cancelled, self._installation = False, None
        self.state = replace(self.state, work=work, fraction=0.0, line="", problem=None)
        self._thread = threading.Thread(target=self._run, args=(function,), name="cameo-managed", daemon=True)
        self._thread.start()

    def _run(self, function: Callable[[], None]) -> None:
        problem = None
        try:
            function()
        except Refused as refused:
            problem = refused.problem
        except Cancelled:
            pass  # the artist knows
        except Exception as error:  # noqa: BLE001 - the border of a thread: what is unforeseen is shown, too
            problem = Problem(
                "install.bug",
                "The installation made a mistake.",
                f"{type(error).__name__}: {error}",
                "Please report this, with the log.",
            )
        self.look()
        self.state = replace(self.state, work=Work.NONE, problem=problem)

    def _report(self, fraction: float, line: str) -> None:
        self.state = replace(self.state, fraction=fraction, line=line)

    def _is_outdated(self, installed: Installed) -> bool:
        try:
            lock = self._locks(installed.variant)
        except Refused:
            return False  # nothing is brought along that could replace it
        return (installed.software, installed.lock) != (lock.software, lock.fingerprint)
