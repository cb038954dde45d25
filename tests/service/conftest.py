"""A toy backend as a separate process, and a client that talks to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .client import Client, wait_for_backend

TOY = Path(__file__).with_name("toy_backend.py")


class Backend:
    """The server process of one home folder; can be killed and started again."""

    def __init__(self, home: Path, preexec=None, **environment: str) -> None:
        self.home = home
        self.environment = {**os.environ, **environment}
        self.preexec = preexec
        self.process: subprocess.Popen | None = None

    def start(self) -> "Backend":
        self.process = subprocess.Popen(
            [sys.executable, TOY, "serve", self.home], env=self.environment, preexec_fn=self.preexec
        )
        self.connection = wait_for_backend(self.home)
        assert self.connection.pid == self.process.pid
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(10)

    def client(self) -> Client:
        return Client(self.connection.endpoint)

    def control(self) -> Client:
        return Client(self.connection.control)


@pytest.fixture
def backend(tmp_path):
    backend = Backend(tmp_path / "home").start()
    yield backend
    if backend.process.poll() is None:
        backend.kill()
