"""100 000 mutated messages: the decoder raises ProtocolError or returns a message, and never takes long.

``CAMEO_FUZZ_MESSAGES=1000000`` runs the long version.
"""

import os
import random
import time

from cameo.protocol.codec import decode, encode
from cameo.protocol.errors import ProtocolError

from ..protocol.spec_examples import frames_of, spec_headers

COUNT = int(os.environ.get("CAMEO_FUZZ_MESSAGES", "100000"))
SLOWEST_SECONDS = 0.05
TOKENS = (
    *(b"NaN", b"1e999", b"-1", b"null", b"[[[[", b'"\\ud800"', b"99999999999999999999", b"{}", b"true", b'["'),
    *(b"\x00", b'"arrays":[],', b"Infinity", b"[-5]", b'"|O"', b'"kind":"submit",', b"\xff\xfe", b"1.5"),
)


def mutate(frames: list[bytes], other: list[bytes], rng: random.Random) -> list[bytes]:
    """A few random injuries: bytes, lengths, tokens, and frames lost, doubled, shuffled or taken from elsewhere."""
    frames = list(frames)
    for _ in range(rng.randint(1, 4)):
        if not frames:
            break
        index = rng.randrange(len(frames))
        frame, place = frames[index], rng.randrange(len(frames[index]) + 1)
        match rng.randrange(8):
            case 0 if frame:
                place = min(place, len(frame) - 1)
                frames[index] = frame[:place] + bytes([rng.randrange(256)]) + frame[place + 1 :]
            case 1:
                frames[index] = frame[:place]
            case 2:
                frames[index] = frame[:place] + rng.randbytes(rng.randint(1, 8)) + frame[place:]
            case 3:
                del frames[index]
            case 4:
                frames.insert(index, frame)
            case 5 if len(frames) > 1:
                header = frames[1]
                place = rng.randrange(len(header) + 1)
                frames[1] = header[:place] + rng.choice(TOKENS) + header[place + rng.randrange(6) :]
            case 6:
                rng.shuffle(frames)
            case 7:
                frames[index] = rng.choice(other)
    return frames


def test_decoder_under_mutated_messages():
    rng = random.Random(1)
    corpus = [frames_of(header) for header in spec_headers().values()]
    accepted = refused = 0
    slowest = 0.0
    for _ in range(COUNT):
        frames = mutate(rng.choice(corpus), rng.choice(corpus), rng)
        start = time.thread_time()  # of this thread: a busy machine is not the decoder's fault
        try:
            message = decode(frames)
        except ProtocolError:
            refused += 1
        else:
            accepted += 1
            decode(encode(message))  # what was accepted can be sent on
        slowest = max(slowest, time.thread_time() - start)
    assert slowest < SLOWEST_SECONDS
    assert accepted + refused == COUNT
    assert refused > COUNT // 2 and accepted > COUNT // 100  # the mutations are neither all harmless nor all gross
