"""How fast a finished avatar comes from the backend: the real server, a job that is done, pieces of 2 MiB one after the
other as the add-on asks for them; over the loopback as it is, and encrypted through the door to other computers.

``python benchmarks/transport.py [--megabytes 42] [--repeats 5] [--json FILE]``. 42 MB are 164k Gaussians.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zmq
from cameo.backend.service.journal import Journal
from cameo.backend.service.keys import KeyRing
from cameo.protocol import limits
from cameo.protocol.codec import decode, encode
from cameo.protocol.connection import read_connection
from cameo.protocol.errors import ConnectionFileError
from cameo.protocol.invitation import ClientKeys
from cameo.protocol.jobs import JobState, new_job_id
from cameo.protocol.messages import Chunk, Fetch, Hello


def finished_job(home: Path, content: bytes) -> str:
    """A backend's folder with one job that is done."""
    job, journal = new_job_id(), Journal(home / "journal.sqlite")
    journal.submit(job, "benchmark")
    for state in (JobState.RUNNING, JobState.DONE):
        journal.move(job, state)
    journal.close()
    (home / "jobs" / job).mkdir(parents=True)
    (home / "jobs" / job / "avatar.cameo").write_bytes(content)
    return job


def fetched(endpoint: str, keys: ClientKeys | None, job: str) -> tuple[float, str]:
    """Seconds that the whole took, and its sum."""
    client = zmq.Context.instance().socket(zmq.DEALER)
    client.linger = 0
    if keys is not None:
        client.curve_serverkey = keys.server.encode()
        client.curve_publickey, client.curve_secretkey = keys.public.encode(), keys.secret.encode()
    client.connect(endpoint)
    client.send_multipart(encode(Hello("benchmark")))
    decode(client.recv_multipart())
    pieces, offset, size = [], 0, 1
    start = time.perf_counter()
    while offset < size:
        client.send_multipart(encode(Fetch(job, offset, limits.CHUNK_BYTES)))
        piece = decode(client.recv_multipart())
        assert isinstance(piece, Chunk), piece
        pieces.append(piece.data)
        offset, size = offset + piece.data.size, piece.size
    seconds = time.perf_counter() - start
    client.close()
    return seconds, hashlib.sha256(b"".join(piece.tobytes() for piece in pieces)).hexdigest()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(home: Path) -> str:
    while True:
        try:
            return read_connection(home).endpoint
        except ConnectionFileError:
            time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=42)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    content = os.urandom(int(options.megabytes * 1e6))
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), free_port()
        job, keys = finished_job(home, content), KeyRing(home).invite("benchmark")
        command = [sys.executable, "-m", "cameo.backend", "serve", "--home", folder, "--bind", "127.0.0.1"]
        server = subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.DEVNULL)
        ways = {"plain": (wait_for(home), None), "encrypted": (f"tcp://127.0.0.1:{port}", keys)}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.repeats):
            for name, (endpoint, held) in ways.items():
                took, found = fetched(endpoint, held, job)
                assert found == hashlib.sha256(content).hexdigest()
                seconds[name].append(took)
        server.terminate()
        server.wait()
    for name, values in seconds.items():
        best, median = min(values), sorted(values)[len(values) // 2]
        rates = f"{len(content) / best / 1e9:.2f} GB/s at best, {len(content) / median / 1e9:.2f} in the median"
        print(f"{name:9}  {best:.3f} s at best, {median:.3f} s in the median: {rates}")
    if options.json:
        options.json.write_text(json.dumps({"bytes": len(content), "seconds": seconds}, indent=1))


if __name__ == "__main__":
    main()
