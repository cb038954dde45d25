"""A backend that does what a test tells it to, and errs where it is told to: a process of its own that speaks the real
protocol over real sockets.

In a test :class:`FakeBackend` starts the process, gives it orders and hears what it was asked. In the process
:class:`_Server` answers. What it answers with is made up; how, is not: codec, connection file and sockets are Cameo's.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class FakeBackend:
    """The test's end.

    Orders (each replaces the one before):
        examine: "answer", "silent", "fail", "wrong_id", "unknown", or seconds to wait before the answer.
        faces: how many there are in every picture.
        submit: "run", "queue", "fail", "silent".
        flood: whether previews of running jobs go out as fast as the sockets take them.
    """

    def __init__(self, home: Path, protocol: tuple[int, int] | None = None, **orders: object) -> None:
        """``protocol``: version that it speaks; None: ours."""
        self._heard: list[dict[str, object]] = []
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, __file__, str(home), *map(str, protocol or ())]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, daemon=True).start()
        self._wait_for("ready", 1)
        self.order(**orders)

    def order(self, **orders: object) -> None:
        """Do so from now on: what is asked after this call is answered so."""
        count = len(self.asked("obeyed")) + 1
        self.process.stdin.write(json.dumps(orders) + "\n")
        self.process.stdin.flush()
        self._wait_for("obeyed", count)

    def _wait_for(self, kind: str, count: int) -> None:
        end = time.monotonic() + 30
        while len(self.asked(kind)) < count:
            assert time.monotonic() < end and self.process.poll() is None, f"the fake backend is not {kind}"
            time.sleep(0.005)

    def tell(self, kind: str, **fields: object) -> None:
        """Send an event of the newest job: "state", "progress", "notice", "failure"; or one "preview"."""
        self.order(tell={"kind": kind, **fields})

    def asked(self, kind: str) -> list[dict[str, object]]:
        """What came of that kind so far."""
        return [line for line in self._heard if line["kind"] == kind]

    def hang(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self._heard.append(json.loads(line))


def main() -> None:
    _make_importable()
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("protocol", type=int, nargs="*")
    orders: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()
    threading.Thread(target=_read_orders, args=(orders,), daemon=True).start()
    arguments = parser.parse_args()
    if arguments.protocol:  # before anything reads it
        from cameo.protocol import version

        version.PROTOCOL_VERSION = tuple(arguments.protocol)
    _Server(arguments.home, orders).serve()


def _make_importable() -> None:
    """The repository as the package ``cameo``, as ``conftest.py`` does it, without pytest."""
    spec = importlib.util.spec_from_file_location("cameo", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    sys.modules["cameo"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["cameo"])


def _read_orders(orders: queue.SimpleQueue[dict[str, object]]) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    os._exit(0)  # the test is over


class _Server:
    def __init__(self, home: Path, orders: queue.SimpleQueue[dict[str, object]]) -> None:
        import zmq
        from cameo.protocol import limits
        from cameo.protocol.connection import Connection, write_connection

        self._orders, self._does = orders, {"examine": "answer", "faces": 1, "submit": "run", "flood": False}
        self._later: list[tuple[float, bytes, object]] = []
        self._jobs: dict[str, list[object]] = {}
        self._listeners: dict[str, set[bytes]] = {}
        self._seq = 0
        self._sent = 0
        self._zmq, context = zmq, zmq.Context()
        self._sockets = []
        for _ in range(2):
            socket = context.socket(zmq.ROUTER)
            socket.linger, socket.router_mandatory, socket.maxmsgsize = 0, 1, limits.FRAME_BYTES
            socket.sndhwm = limits.QUEUED_MESSAGES
            socket.heartbeat_ivl, socket.heartbeat_timeout = limits.HEARTBEAT_INTERVAL_MS, limits.HEARTBEAT_TIMEOUT_MS
            socket.bind("tcp://127.0.0.1:*")
            self._sockets.append(socket)
        self._main = self._sockets[0]
        addresses = [socket.get_string(zmq.LAST_ENDPOINT) for socket in self._sockets]
        write_connection(home, Connection(*addresses, os.getpid()))
        _say(kind="ready")

    def serve(self) -> None:
        from cameo.protocol.codec import decode
        from cameo.protocol.errors import ProtocolError
        from cameo.protocol.messages import Failure

        poller = self._zmq.Poller()
        for socket in self._sockets:
            poller.register(socket, self._zmq.POLLIN)
        while True:
            for socket, _ in poller.poll(1 if self._does["flood"] else 10):
                peer, *frames = socket.recv_multipart()
                try:
                    self._hear(socket, peer, decode(frames))
                except ProtocolError as error:  # another release's client
                    self._send(socket, peer, Failure(error.code, error.sentence, error.cause, error.fix))
            while not self._orders.empty():
                self._obey(self._orders.get())
            now = time.monotonic()
            for due in [item for item in self._later if item[0] <= now]:
                self._later.remove(due)
                self._send(self._main, due[1], due[2])
            if self._does["flood"]:
                self._flood()

    def _obey(self, orders: dict[str, object]) -> None:
        event = orders.pop("tell", None)
        self._does.update(orders)
        if event is not None and self._jobs:
            self._tell(next(reversed(self._jobs)), event)
        _say(kind="obeyed")

    def _hear(self, socket: object, peer: bytes, message: object) -> None:
        from cameo.protocol import messages as m
        from cameo.protocol.jobs import JobState

        if not isinstance(message, m.Ping):
            request = getattr(message, "request", None)
            options = dict(request.options, engine=request.engine, face=request.face) if request else {}
            _say(kind=message.KIND, job=getattr(message, "job", ""), options=options)
        match message:
            case m.Ping():
                self._send(socket, peer, m.Pong(message.nonce))
            case m.Hello():
                self._send(socket, peer, _welcome())
            case m.ListJobs():
                self._send(socket, peer, m.JobList())
            case m.Diagnose():
                findings = m.Finding(True, "torch 2 is there"), m.Finding(False, "1 GB free", "2 GB are needed.")
                self._send(socket, peer, m.Diagnosis(findings))
            case m.Examine():
                self._examine(peer, message)
            case m.Submit():
                self._submit(peer, message)
            case m.Subscribe(job=job, after=after):
                self._listeners.setdefault(job, set()).add(peer)
                for event in self._jobs.get(job, []):
                    if event.seq > after:
                        self._send(socket, peer, event)
            case m.Cancel(job=job) | m.Pause(job=job) | m.Resume(job=job) | m.Prefer(job=job):
                states = {"cancel": "cancelled", "pause": "paused", "resume": "queued", "prefer": "queued"}
                state = JobState(states[message.KIND])
                self._send(socket, peer, m.Accepted(job, state))
                self._tell(job, {"kind": "state", "state": state.value})

    def _examine(self, peer: bytes, question: object) -> None:
        from cameo.protocol.jobs import new_job_id
        from cameo.protocol.messages import Failure

        match self._does["examine"]:
            case "silent":
                return
            case "fail":
                words = "No face was found in this picture.", "Nothing looks like a face.", "Choose another picture."
                answer = Failure("portrait.no_face", *words, job=question.job)
            case "unknown":  # as a backend of protocol 1.0
                answer = Failure("protocol.unknown_message", "This message is not known.")
            case "wrong_id":
                answer = _examined(new_job_id(), question.request, self._does["faces"])
            case wait:
                answer = _examined(question.job, question.request, self._does["faces"])
                if wait != "answer":
                    self._later.append((time.monotonic() + wait, peer, answer))
                    return
        self._send(self._main, peer, answer)

    def _submit(self, peer: bytes, submission: object) -> None:
        from cameo.protocol.jobs import JobState
        from cameo.protocol.messages import Accepted, Failure

        if self._does["submit"] == "silent":
            return
        if self._does["submit"] == "fail":
            self._send(
                self._main,
                peer,
                Failure("disk.full", "The disk is full.", "0 MB are free.", "Make room.", job=submission.job),
            )
            return
        known = submission.job in self._jobs
        self._jobs.setdefault(submission.job, [])
        self._listeners.setdefault(submission.job, set()).add(peer)
        self._send(self._main, peer, Accepted(submission.job, JobState.QUEUED, known))
        if self._does["submit"] == "run" and not known:
            self._tell(submission.job, {"kind": "state", "state": "running"})

    def _tell(self, job: str, event: dict[str, object]) -> None:
        from cameo.protocol import messages as m
        from cameo.protocol.jobs import JobState

        self._seq += 1
        fields = {name: value for name, value in event.items() if name != "kind"}
        match event["kind"]:
            case "state":
                message = m.StateChanged(job, self._seq, JobState(fields["state"]))
            case "preview":
                message = _preview(job, int(fields.get("number", 0)))
            case kind:
                message = m.MESSAGES[kind](job=job, seq=self._seq, **fields)
        if event["kind"] != "preview":
            self._jobs.setdefault(job, []).append(message)
        for peer in self._listeners.get(job, ()):
            self._send(self._main, peer, message)

    def _flood(self) -> None:
        for job, peers in self._listeners.items():
            self._sent += 1
            message = _preview(job, self._sent)
            for peer in peers:
                self._send(self._main, peer, message)
        if self._sent % 100 == 1:
            _say(kind="flood", sent=self._sent)

    def _send(self, socket: object, peer: bytes, message: object) -> None:
        from cameo.protocol.codec import encode

        try:
            socket.send_multipart([peer, *encode(message)], self._zmq.NOBLOCK)
        except self._zmq.ZMQError:
            return  # gone, or its queue is full: it is a faulty backend


def _welcome() -> object:
    from cameo.protocol.messages import EngineInfo, PresetInfo, Welcome
    from cameo.protocol.version import SOFTWARE_VERSION

    missing = "PanoHead (about 600 MB) is not installed; type 'cameo weights' in a terminal to see how to get it."
    engines = (
        EngineInfo(
            "builtin", "Built in: from this picture alone", terms="Heads made with it may be used in paid work."
        ),
        EngineInfo("facecraft4d", "FaceCraft4D: generative networks", ready=False, missing=missing),
    )
    presets = PresetInfo("preview", "Preview", "about 5 minutes"), PresetInfo("standard", "Standard", "about an hour")
    return Welcome(SOFTWARE_VERSION, os.getpid(), "cpu", 8 << 30, engines, presets)


def _examined(job: str, request: object, faces: int) -> object:
    import numpy as np
    from cameo.protocol.messages import Examined, FaceBox, Remark

    size = 384
    y, x = np.mgrid[:size, :size]
    inside = ((x - 192) / 110) ** 2 + ((y - 200) / 150) ** 2 < 1
    image = np.where(inside[..., None], np.uint8([220, 180, 160]), np.uint8([60, 110, 60]))
    angles = np.linspace(0, 2 * np.pi, 100)
    landmarks = np.stack([192 + 70 * np.cos(angles), 210 + 90 * np.sin(angles)], 1).astype(np.float32)
    chosen = request.face or 0
    remarks = (Remark("portrait.several_faces", f"There are {faces} faces; the largest was taken."),)
    return Examined(
        job,
        1200,
        1500,
        tuple(FaceBox(100.0 * n, 100.0, 100.0 * n + 80, 200.0) for n in range(faces)),
        chosen,
        np.eye(2, 3),
        image.astype(np.uint8),
        (255 * inside).astype(np.uint8),
        landmarks,
        12.0,
        -6.0,
        0.0,
        489.5,
        0.4,
        remarks if faces > 1 and request.face is None else (),
    )


def _preview(job: str, number: int) -> object:
    import numpy as np
    from cameo.protocol.messages import Preview

    rng, count = np.random.default_rng(number), 20_000
    means = rng.normal(size=(count, 3)).astype(np.float32)
    means *= 0.1 / np.linalg.norm(means, axis=1, keepdims=True)
    colors = np.clip(150 + 700 * means, 0, 255).astype(np.uint8)
    image = np.full((256, 256, 3), number % 256, np.uint8)
    return Preview(job, image, means, np.full(count, 0.002, np.float32), colors)


def _say(**line: object) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
