"""The codec: what goes in comes out, and rules are enforced in both directions."""

import dataclasses
import json
import time
import tomllib
from pathlib import Path

import cameo
import numpy as np
import pytest
from cameo.protocol import limits
from cameo.protocol.codec import decode, encode, peer_version
from cameo.protocol.errors import ProtocolError
from cameo.protocol.jobs import FINAL, TRANSITIONS, JobState, allowed, is_job_id, new_job_id
from cameo.protocol.messages import (
    MESSAGES,
    Chunk,
    EngineInfo,
    Failure,
    GenerateAvatar,
    Hello,
    Ping,
    Preview,
    Submit,
    Welcome,
)
from cameo.protocol.version import PROTOCOL_VERSION, SOFTWARE_VERSION
from hypothesis import given, settings
from hypothesis import strategies as st

from .spec_examples import frames_of, spec_headers

JOB = "0f8fad5b-d9cb-469f-a165-70867728950e"
START = b"CAMEO" + bytes(PROTOCOL_VERSION)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
scalars = text | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e200, 1e200)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


def refusal(frames: list) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        decode(frames)
    return caught.value


@given(
    image=st.binary(min_size=1, max_size=200),
    name=text,
    preset=text,
    face=st.none() | st.integers(0, 999),
    options=st.dictionaries(text, scalars, max_size=5),
)
def test_submit_round_trip(image, name, preset, face, options):
    request = GenerateAvatar(np.frombuffer(image, np.uint8), preset, "builtin", face, options)
    back = decode(encode(Submit(JOB, request, name)))
    assert isinstance(back, Submit)
    assert bytes(back.request.image) == image
    assert (back.name, back.request.preset, back.request.face) == (name, preset, face)
    assert back.request.options == options
    assert [type(v) for v in back.request.options.values()] == [type(v) for v in options.values()]


@pytest.mark.parametrize("size", [0, 1, limits.FRAME_BYTES, limits.FRAME_BYTES + 1, 3 * limits.FRAME_BYTES - 5])
def test_large_arrays_travel_in_frames(size):
    data = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    frames = encode(Chunk(JOB, 0, size, data))
    assert len(frames) == 2 + max(1, -(-size // limits.FRAME_BYTES))
    assert max(len(frame) for frame in frames) <= limits.FRAME_BYTES
    back = decode(frames)
    assert isinstance(back, Chunk)
    assert np.array_equal(back.data, data)


def test_arrays_need_not_be_contiguous():
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)[::2, ::-1]
    back = decode(encode(Preview(JOB, image)))
    assert isinstance(back, Preview)
    assert np.array_equal(back.image, image)
    assert back.means is None


def test_a_message_its_reader_would_refuse_is_not_sent():
    for message in (
        Failure("x", "s" * 5000),
        Hello("0.1.0", "lone surrogate \ud800"),
        Chunk(JOB, 0, 1, np.zeros(1, np.float32)),
        Preview(JOB, np.zeros((2, 2, 4), np.uint8)),
        Preview(JOB, means=np.full((1, 3), np.nan, "f4"), scales=np.ones(1, "f4"), colors=np.ones((1, 3), "u1")),
        Ping(2**60),
    ):
        with pytest.raises(ProtocolError):
            encode(message)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_field_is_read_or_refused(data):
    header = dict(data.draw(st.sampled_from(list(spec_headers().values()))))
    frames = frames_of(header)
    field = data.draw(st.sampled_from([*header, "unknown"]))
    header[field] = data.draw(json_values)
    frames[1] = json.dumps(header).encode()
    try:
        decode(frames)
    except ProtocolError as error:
        assert error.code.startswith("protocol.") and error.sentence
        str(error).encode()  # can be logged and sent


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([], "protocol.not_cameo"),
        ([START], "protocol.not_cameo"),
        ([b"GET / HTTP/1.1", b""], "protocol.not_cameo"),
        ([START + b"\0", b"{}"], "protocol.not_cameo"),
        ([START, b""], "protocol.malformed"),
        ([START, b"[" * 60000], "protocol.malformed"),
        ([START, b'{"kind":"ping","nonce":' + b"9" * 60000 + b"}"], "protocol.malformed"),
        ([START, b'{"kind":"ping","nonce":true}'], "protocol.malformed"),
        ([START, b'{"kind":"ping","nonce":1e3}'], "protocol.malformed"),
        ([START, b'{"kind":"ping","arrays":[{"name":"a","dtype":"|u1","shape":[1]}]}', b"x"], "protocol.malformed"),
        ([START, b'{"kind":"ping"}', b""], "protocol.malformed"),
        ([START, b'{"kind":"gossip"}'], "protocol.unknown_message"),
        ([START, b'{"kind":["ping"]}'], "protocol.unknown_message"),
        ([START, b" " * 70000], "protocol.too_large"),
        ([START, b'{"kind":"ping"}', *[b""] * 100], "protocol.too_large"),
        ([b"CAMEO\x02\x00", b'{"kind":"ping"}'], "protocol.version_mismatch"),
    ],
)
def test_refusals_have_codes(frames, code):
    start = time.perf_counter()
    assert refusal(frames).code == code
    assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize("shape", [[10], [2**31, 2**31], [-5], [1.0], [5, 1, 1, 1, 1], None])
def test_shapes_that_lie(shape):
    header = {"kind": "chunk", "job": JOB, "offset": 0, "size": 5}
    header["arrays"] = [{"name": "data", "dtype": "|u1", "shape": shape}]
    assert refusal([START, json.dumps(header).encode(), b"12345"]).code == "protocol.malformed"


@pytest.mark.parametrize("dtype", ["|O", "object", "<U9", "<f4,<f4", "V5", 5])
def test_dtypes_that_are_not_allowed(dtype):
    header = {"kind": "chunk", "job": JOB, "offset": 0, "size": 5}
    header["arrays"] = [{"name": "data", "dtype": dtype, "shape": [5]}]
    assert refusal([START, json.dumps(header).encode(), b"12345"]).code == "protocol.malformed"


def test_job_ids_that_could_be_paths_are_refused():
    for job in ("../../etc/passwd", JOB.upper(), "{" + JOB + "}", JOB.replace("-", ""), "", "\0"):
        assert not is_job_id(job)
        assert refusal([START, json.dumps({"kind": "cancel", "job": job}).encode()]).code == "protocol.malformed"
    assert is_job_id(new_job_id())


def test_a_later_minor_version_may_add_fields():
    frames = [b"CAMEO\x01\x09", b'{"kind":"ping","nonce":3,"colour":"red","more":[{}]}']
    message = decode(frames)
    assert isinstance(message, Ping) and message.nonce == 3
    assert peer_version(frames) == (1, 9)


def test_hello_and_failure_of_another_major_version_are_readable():
    for major in (0, 2, 255):
        start = b"CAMEO" + bytes([major, 3])
        hello = decode([start, b'{"kind":"hello","software":"9.9","novelty":1}'])
        failure = decode([start, b'{"kind":"failure","code":"protocol.version_mismatch","sentence":"Too old."}'])
        assert isinstance(hello, Hello) and isinstance(failure, Failure)
        error = refusal([start, b'{"kind":"list_jobs"}'])
        assert error.code == "protocol.version_mismatch"
        assert f"protocol {major}.3" in error.cause and error.fix


def test_no_message_claims_a_word_of_the_header():
    names = {f.name for message in MESSAGES.values() for f in dataclasses.fields(message)}
    assert not names & {"kind", "arrays"}


def test_states_and_transitions():
    assert set(TRANSITIONS) == set(JobState)
    assert {JobState.DONE, JobState.FAILED, JobState.CANCELLED} == FINAL
    assert allowed(JobState.RUNNING, JobState.QUEUED)
    assert not allowed(JobState.DONE, JobState.RUNNING)
    reachable, frontier = {JobState.QUEUED}, [JobState.QUEUED]
    while frontier:
        new = TRANSITIONS[frontier.pop()] - reachable
        reachable |= new
        frontier += new
    assert reachable == set(JobState)


def test_software_version_is_the_packages():
    root = Path(cameo.__path__[0])
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"] == SOFTWARE_VERSION
    assert tomllib.loads((root / "blender_manifest.toml").read_text())["version"] == SOFTWARE_VERSION


def test_a_field_added_later_is_left_out_where_it_says_nothing():
    plain, worded = (EngineInfo("builtin", "Built in", terms=terms) for terms in ("", "Paid work is allowed."))
    for engine in (plain, worded):
        frames = encode(Welcome("0.1.0", 1, "cpu", 1, (engine,)))
        assert (b"terms" in bytes(frames[1])) == bool(engine.terms)
        assert decode(frames).engines == (engine,)
