"""SPEC.md tells the truth, and release 1.0 is still understood, byte for byte."""

import json
from pathlib import Path

import pytest
from cameo.protocol.codec import decode, encode
from cameo.protocol.messages import MESSAGES

from .spec_examples import frames_of, spec_headers

GOLDEN = Path(__file__).with_name("golden_1_0.json")


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


@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_golden_frames_of_1_0(kind):
    golden = [bytes.fromhex(frame) for frame in json.loads(GOLDEN.read_text())[kind]]
    # The header's text may be laid out differently one day; its content and every other byte may not change.
    again = [bytes(frame) for frame in encode(decode(golden))]
    assert json.loads(again[1]) == json.loads(golden[1]) == spec_headers()[kind]
    assert again[2:] == golden[2:]
    assert golden[0] == b"CAMEO\x01\x00"
