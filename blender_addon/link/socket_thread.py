"""The thread that owns the sockets. Messages go in and out through queues; nothing in here knows Blender.

Previews do not queue: the newest of each job replaces the one before, so a flood costs nothing.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import zmq

from ...protocol import limits
from ...protocol.codec import decode, encode
from ...protocol.errors import ProtocolError
from ...protocol.invitation import ClientKeys
from ...protocol.messages import Chunk, Message, Ping, Pong, Preview
from .download import Download, Downloaded, DownloadFailed
from .handshake import Handshake, Obstacle
from .problem import Problem

Incoming = Message | Downloaded | DownloadFailed | Problem
_TURN_MS = 15
_PING_SECONDS = 0.5
_RECONNECT_MS = 250, 2000  # to another computer: the first attempt again, and the longest wait
_ASK_AGAIN_SECONDS = 3.0  # a question that got lost while the connection broke and healed unseen
_ASK_AFAR_AGAIN_SECONDS = 30.0  # there it is seen, and a piece may be on its way for long


@dataclass(frozen=True)
class Address:
    """The ZeroMQ addresses of a backend's two sockets. ``keys``: of one on another computer."""

    main: str
    control: str
    keys: ClientKeys | None = None


class SocketThread:
    """One connection to one backend, until :meth:`close`. Methods are for the main thread; none waits."""

    def __init__(self, address: Address, greetings: Iterable[Message]) -> None:
        """Connect to both sockets and say ``greetings`` on the main one."""
        self._address = address
        self._outgoing: queue.SimpleQueue[tuple[bool, Message]] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[Incoming] = queue.SimpleQueue()
        self._previews: dict[str, Preview] = {}
        self._new_downloads: queue.SimpleQueue[Download] = queue.SimpleQueue()
        self._downloads: dict[str, Download] = {}
        self._chunk_heard = 0.0
        self._unsent: list[tuple[bool, Message]] = []
        self._closing = threading.Event()
        self._heard = self._pinged = time.monotonic()
        self._round_trip = 0.0
        self._obstacle: tuple[Obstacle, str] | None = None
        self._greetings = tuple(greetings)
        self._greeted = 1
        for message in self._greetings:
            self.send(message)
        self._thread = threading.Thread(target=self._run, name="cameo-link", daemon=True)
        self._thread.start()

    def send(self, message: Message, *, control: bool = False) -> None:
        """Send on the main socket, or on the control socket, which answers whatever the main one is busy with."""
        self._outgoing.put((control, message))

    def download(self, download: Download) -> None:
        """Bring a result into its file; ends with a ``Downloaded`` or ``DownloadFailed`` among the incoming."""
        self._new_downloads.put(download)

    def next_incoming(self) -> Incoming | None:
        """The next thing that came, oldest first; the newest preview of a job once everything else is read."""
        try:
            return self._incoming.get_nowait()
        except queue.Empty:
            return self._previews.pop(next(iter(self._previews), ""), None)

    def seconds_silent(self) -> float:
        """How long nothing has come from the backend, which answers a ping every half second."""
        return time.monotonic() - self._heard

    @property
    def greets_again(self) -> bool:
        """Whether a connection that broke and healed is noticed: the greetings are said again, and answered again."""
        return self._address.keys is not None

    @property
    def piece_bytes(self) -> int:
        """How much of a result to ask for at a time."""
        return limits.REMOTE_CHUNK_BYTES if self._address.keys else limits.CHUNK_BYTES

    @property
    def round_trip(self) -> float:
        """Seconds from the last ping to its answer."""
        return self._round_trip

    @property
    def obstacle(self) -> tuple[Obstacle, str] | None:
        """What keeps an encrypted connection from coming about, and which of the two addresses it is about."""
        return self._obstacle

    def close(self, wait_seconds: float = 0.0) -> None:
        """End the thread; what was sent before still goes out."""
        self._closing.set()
        if wait_seconds:
            self._thread.join(wait_seconds)

    @property
    def running(self) -> bool:
        """Whether the thread has not ended yet."""
        return self._thread.is_alive()

    # In the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        sockets = [(self._dealer(context, end), end) for end in (self._address.main, self._address.control)]
        handshakes = [(Handshake(socket, end), end) for socket, end in sockets if self._address.keys]
        for socket, end in sockets:
            socket.connect(end)
        (main, _), (control, _) = sockets
        poller = zmq.Poller()
        poller.register(main, zmq.POLLIN)
        poller.register(control, zmq.POLLIN)
        next_ping = 0.0
        while not self._closing.is_set():
            for socket, _ in poller.poll(_TURN_MS):
                self._receive_all(socket)
            if time.monotonic() >= next_ping:
                self._pinged = time.monotonic()
                next_ping = self._pinged + _PING_SECONDS
                _try_send(control, Ping())
            self._start_downloads()
            self._send_waiting(main, control)
            self._look_at(handshakes)
        self._send_waiting(main, control)
        for handshake, _ in handshakes:
            handshake.close()
        main.close(500)
        control.close(500)
        context.term()

    def _look_at(self, handshakes: list[tuple[Handshake, str]]) -> None:
        for handshake, endpoint in handshakes:
            if self._obstacle is None and (obstacle := handshake.obstacle()) is not None:
                self._obstacle = obstacle, endpoint
            if not handshake.stands:
                break  # what is in the way of the main socket comes first: the address may be wrong altogether
        if handshakes and handshakes[0][0].successes > self._greeted:
            self._greeted = handshakes[0][0].successes  # it broke and healed: what was said may be lost
            self._unsent += [(False, message) for message in self._greetings]
            self._chunk_heard = float("-inf")  # ask for the pieces under way again

    def _dealer(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> zmq.Socket[bytes]:
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        if (keys := self._address.keys) is None:
            socket.maxmsgsize = limits.FRAME_BYTES
            socket.heartbeat_ivl = limits.HEARTBEAT_INTERVAL_MS
            socket.heartbeat_timeout = limits.HEARTBEAT_TIMEOUT_MS
            socket.heartbeat_ttl = limits.HEARTBEAT_TTL_MS
        else:
            socket.curve_serverkey = keys.server.encode("ascii")
            socket.curve_publickey, socket.curve_secretkey = keys.public.encode("ascii"), keys.secret.encode("ascii")
            socket.maxmsgsize = limits.REMOTE_FRAME_BYTES
            socket.heartbeat_ivl = limits.REMOTE_HEARTBEAT_INTERVAL_MS
            socket.heartbeat_timeout = limits.REMOTE_HEARTBEAT_TIMEOUT_MS
            socket.heartbeat_ttl = limits.REMOTE_HEARTBEAT_TTL_MS
            socket.reconnect_ivl, socket.reconnect_ivl_max = _RECONNECT_MS
            socket.ipv6 = "[" in endpoint
        return socket

    def _receive_all(self, socket: zmq.Socket[bytes]) -> None:
        while not self._closing.is_set() and socket.poll(0):
            frames = socket.recv_multipart()
            self._heard = time.monotonic()
            try:
                self._sort(decode(frames))
            except ProtocolError as error:
                self._incoming.put(Problem.of(error))

    def _sort(self, message: Message) -> None:
        match message:
            case Pong():
                self._round_trip = self._heard - self._pinged
            case Preview():
                self._previews[message.job] = message
            case Chunk():
                self._take_chunk(message)
            case _:
                self._incoming.put(message)

    def _take_chunk(self, chunk: Chunk) -> None:
        self._chunk_heard = time.monotonic()
        download = self._downloads.get(chunk.job)
        following = download.take(chunk) if download is not None else None
        if isinstance(following, Downloaded | DownloadFailed):
            del self._downloads[chunk.job]
            self._incoming.put(following)
        elif following is not None:
            self._unsent.append((False, following))

    def _start_downloads(self) -> None:
        while not self._new_downloads.empty():
            download = self._new_downloads.get()
            self._downloads[download.job] = download
            self._ask_for(download)
        patience = _ASK_AFAR_AGAIN_SECONDS if self._address.keys else _ASK_AGAIN_SECONDS
        if self._downloads and time.monotonic() - self._chunk_heard > patience:
            for download in self._downloads.values():
                self._ask_for(download)

    def _ask_for(self, download: Download) -> None:
        self._chunk_heard = time.monotonic()
        self._unsent.append((False, download.next_request()))

    def _send_waiting(self, main: zmq.Socket[bytes], control: zmq.Socket[bytes]) -> None:
        while not self._outgoing.empty():
            self._unsent.append(self._outgoing.get())
        waiting, self._unsent = self._unsent, []
        for to_control, message in waiting:
            try:
                if not _try_send(control if to_control else main, message):
                    self._unsent.append((to_control, message))
            except ProtocolError as error:
                self._incoming.put(Problem.of(error))


def _try_send(socket: zmq.Socket[bytes], message: Message) -> bool:
    """Whether the message is on its way; False when the peer's queue is full."""
    try:
        socket.send_multipart(encode(message), zmq.DONTWAIT)
    except zmq.Again:
        return False
    return True
