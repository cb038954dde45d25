"""SPEC.md tells the truth, and earlier releases are still understood, byte for byte."""

import json
from pathlib import Path

import pytest
from cameo.protocol.codec import decode, encode
from cameo.protocol.messages import MESSAGES

from .spec_examples import frames_of, spec_headers

GOLDEN = {
    (kind, version): frames
    for version in ("1_0", "1_1", "1_2")
    for kind, frames in json.loads(Path(__file__).with_name(f"golden_{version}.json").read_text()).items()
}
"""The frames of each kind of message as the release that brought it sent them."""


def test_every_message_has_an_example():
    assert set(spec_headers()) == set(MESSAGES)


@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_example_survives_decoding_and_encoding(kind):
    header = spec_headers()[kind]
    message = decode(frames_of(header))
    frames = [bytes(frame) for frame in encode(message)]
    assert type(message) is MESSAGES[kind]
    assert json.loads(frames[1]) == header
    assert frames[2:] == frames_of(header)[2:]


def test_every_message_has_golden_frames():
    assert {kind for kind, _ in GOLDEN} == set(MESSAGES)


@pytest.mark.parametrize(("kind", "version"), sorted(GOLDEN))
def test_golden_frames(kind, version):
    golden = [bytes.fromhex(frame) for frame in GOLDEN[kind, version]]
    # The header's text may be laid out differently one day; its content and every other byte may not change.
    again = [bytes(frame) for frame in encode(decode(golden))]
    assert json.loads(again[1]) == json.loads(golden[1]) == spec_headers()[kind]
    assert again[2:] == golden[2:]
    assert golden[0] == b"CAMEO" + bytes(int(number) for number in version.split("_"))
