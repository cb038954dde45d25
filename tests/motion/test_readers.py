"""Files of facial motion: what they say is read, written files read the same, damaged ones are refused with a place."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from cameo.blender_addon.motion.clip import MotionClip, evenly
from cameo.blender_addon.motion.clip_json import read_clip, write_clip
from cameo.blender_addon.motion.files import read_motion
from cameo.blender_addon.motion.flame_clip import read_flame_clip
from cameo.blender_addon.motion.live_link_face import BLENDSHAPES, HEADER, read_live_link_face, write_live_link_face
from cameo.blender_addon.motion.treatment import Treatment, group_of, treated
from cameo.protocol.errors import CameoError
from hypothesis import given, settings
from hypothesis import strategies as st

TWO = "Timecode,BlendShapeCount,JawOpen,HeadYaw,HeadPitch,HeadRoll\n"


def csv_of(stamps, values=None):
    values = values or [0.5] * len(stamps)
    return TWO + "".join(f"{stamp},61,{value},0,0,0\n" for stamp, value in zip(stamps, values))


def performance(frames=90, rate=30.0):
    t = np.arange(frames) / rate
    names = [shape[0].lower() + shape[1:] for shape in BLENDSHAPES]
    controls = {name: 0.5 + 0.5 * np.sin(t * (1 + k)) for k, name in enumerate(names)}
    neck = np.stack([0.2 * np.sin(t), 0.4 * np.cos(t), 0.1 * np.sin(2 * t)], 1)
    return MotionClip(evenly(frames, rate), rate, controls, {"neck": neck})


def test_a_written_csv_reads_the_same():
    clip = performance()
    text = write_live_link_face(clip)
    assert text.splitlines()[0].split(",") == list(HEADER) and len(HEADER) == 63 and len(BLENDSHAPES) == 52
    back = read_live_link_face(text, "a.csv")
    assert back.rate == 30 and np.abs(back.times - clip.times).max() < 1e-6
    assert back.controls.keys() == clip.controls.keys()
    for name, values in clip.controls.items():
        assert np.abs(back.controls[name] - values).max() < 1e-8
    assert np.abs(back.joints["neck"] - clip.joints["neck"]).max() < 1e-8
    assert "left_eye" not in back.joints  # EyeLook says it already


def test_json_reads_the_same_with_uneven_times():
    clip = performance(40)
    uneven = MotionClip(clip.times**1.1, 30.0, clip.controls, clip.joints, np.ones((40, 3)) * 0.01)
    for one in (clip, uneven):
        back = read_clip(write_clip(one), "a.json")
        assert np.abs(back.times - one.times).max() < 1e-6 and back.rate == 30
        assert all(np.abs(back.controls[name] - one.controls[name]).max() < 1e-8 for name in one.controls)
        assert np.abs(back.joints["neck"] - one.joints["neck"]).max() < 1e-8
    assert np.allclose(back.translation, 0.01)


def test_signs_of_the_head():
    row = "00:00:00:00.0,61,0,{},{},{}\n"
    for angles, axis, sign in (((0.3, 0, 0), 1, -1), ((0, 0.3, 0), 0, -1), ((0, 0, 0.3), 2, 1)):
        neck = read_live_link_face(TWO + row.format(*angles), "a.csv").joints["neck"][0]
        assert neck[axis] == pytest.approx(sign * 0.3) and np.abs(np.delete(neck, axis)).max() < 1e-9


@pytest.mark.parametrize(("rate", "found"), [(24, 24), (30, 30), (60, 60), (25, 25)])
def test_the_frame_rate_follows_from_the_timecodes(rate, found):
    stamps = [f"01:02:{3 + k // rate:02d}:{k % rate:02d}.000" for k in range(4 * rate)]
    clip = read_live_link_face(csv_of(stamps), "a.csv")
    assert clip.rate == found and np.abs(clip.times - np.arange(4 * rate) / rate).max() < 1e-9


def test_varying_frame_rate_midnight_and_lost_faces():
    stamps = ["23:59:59:58.500", "23:59:59:59.250", "00:00:00:00.000", "00:00:00:07.125", "00:00:01:10.0"]
    clip = read_live_link_face(csv_of(stamps) + "00:00:01:11.0,0\n", "a.csv")
    assert np.abs(clip.times * 60 - [0, 0.75, 1.5, 8.625, 71.5]).max() < 1e-9
    assert any("1 rows hold no face" in note for note in clip.notes)


def test_rows_that_do_not_go_on_are_left_out():
    stamps = [f"00:00:{k // 30:02d}:{k % 30:02d}.0" for k in range(90)]
    stamps[40] = stamps[39]
    clip = read_live_link_face(csv_of(stamps), "a.csv")
    assert len(clip.times) == 89 and (np.diff(clip.times) > 0).all() and len(clip.controls["jawOpen"]) == 89
    with pytest.raises(CameoError, match="do not go on"):
        read_live_link_face(csv_of(["00:00:00:00.0"] * 9), "a.csv")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "Line 1"),
        (TWO, "no row"),
        (TWO + "00:00:00:01.0,61,abc,0,0,0\n", r"Line 2, column 3 \(jawopen\)"),
        (TWO + "00:00:00:01.0,61,0.5\n", r"Line 2, column 4 \(headyaw\)"),
        (TWO + "00:00:00:01.0,61,nan,0,0,0\n", "Line 2, column 3"),
        (csv_of(["00:00:00:01.0", "yesterday"]), "Line 3, column Timecode"),
        ("JawOpen,JawOpen\n1,1\n", "twice"),
    ],
)
def test_a_bad_csv_is_refused_with_its_place(text, place):
    with pytest.raises(CameoError, match=place) as caught:
        read_live_link_face(text, "a.csv")
    assert caught.value.code == "motion.unreadable" and caught.value.fix


def npz(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def test_gaussian_avatars_and_vhap():
    rng = np.random.default_rng(0)
    arrays = {
        "shape": np.zeros(300),
        "static_offset": np.zeros((1, 5143, 3)),
        "expr": rng.normal(size=(7, 100)),
        "rotation": rng.normal(size=(7, 3)) * 0.1,
        "neck_pose": rng.normal(size=(7, 3)) * 0.1,
        "jaw_pose": rng.normal(size=(7, 3)) * 0.1,
        "eyes_pose": rng.normal(size=(7, 6)) * 0.1,
        "translation": rng.normal(size=(7, 3)),
    }
    clip = read_flame_clip(npz(**arrays), "flame_param.npz")
    assert len(clip.times) == 7 and clip.expression.shape == (7, 100)
    assert np.allclose(clip.joints["jaw"], arrays["jaw_pose"]) and np.allclose(clip.joints["neck"], arrays["neck_pose"])
    assert np.allclose(clip.joints["right_eye"], arrays["eyes_pose"][:, 3:])
    assert np.allclose(clip.translation, arrays["translation"]) and "30 frames a second" in clip.notes[0]


def test_smirk():
    turn = np.array([[0.0, 0, 0], [-0.2, 0, 0]])
    arrays = {"pose_params": turn, "expression_params": np.zeros((2, 50)), "jaw_params": np.full((2, 3), 0.1)}
    clip = read_flame_clip(
        npz(**arrays, eyelid_params=np.array([[0.1, 0.9], [0.2, 0.8]]), cam=np.ones((2, 3))), "s.npz"
    )
    assert np.allclose(clip.joints["neck"], turn) and clip.expression.shape == (2, 50)
    assert np.allclose(clip.controls["eyeBlinkLeft"], [0.1, 0.2]) and np.allclose(clip.joints["jaw"], 0.1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04nothing", "not a whole"),
        (npz(other=np.zeros(3)), "none of FLAME"),
        (npz(expr=np.zeros((3, 10)), jaw_pose=np.zeros((4, 3))), "different numbers of frames"),
        (npz(jaw_pose=np.zeros((4, 2))), "2 numbers a frame"),
        (npz(jaw_pose=np.full((4, 3), np.nan)), "jaw_pose, frame 0"),
        (npz(jaw_pose=np.array(["a", "b"])), "should be numbers"),
    ],
)
def test_a_bad_npz_is_refused(content, why):
    with pytest.raises(CameoError, match=why):
        read_flame_clip(content, "a.npz")


def test_a_header_that_claims_too_much_is_refused_before_memory_is_taken():
    stream = io.BytesIO()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 3)})
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("jaw_pose.npy", header.getvalue() + b"\0" * 24)
    with pytest.raises(CameoError, match="promises"):
        read_flame_clip(stream.getvalue(), "a.npz")


@pytest.mark.parametrize(
    ("stored", "place"),
    [
        ("{", "not JSON"),
        ('{"format": "other"}', "format"),
        ({"version": 2}, "newer"),
        ({"frames": []}, "frames"),
        ({"frames": [1]}, "Frame 0"),
        ({"frames": [{"jawOpen": 0}, {"jawOpen": "x"}]}, "Frame 1: jawOpen"),
        ({"frames": [{"neck": [0, 1]}]}, "three numbers"),
        ({"frames": [{}, {}], "times": [0, 0]}, "number 1"),
        ({"fps": 0}, "fps"),
        ({"frames": [{"jawOpen": float("nan")}]}, "not a number"),
    ],
)
def test_bad_json_is_refused_with_its_place(stored, place):
    if isinstance(stored, dict):
        stored = json.dumps({"format": "cameo_motion", "version": 1, "fps": 30, "frames": [{}]} | stored)
    with pytest.raises(CameoError, match=place):
        read_clip(stored, "a.json")


def damaged(content: bytes, data) -> bytes:
    """Bytes changed, cut out, doubled."""
    out = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(len(out) - 1, 0)))
        kind = data.draw(st.sampled_from(["set", "cut", "double", "end"]))
        if kind == "set" and out:
            out[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del out[at : at + data.draw(st.integers(1, 40))]
        elif kind == "double":
            out[at:at] = out[at : at + data.draw(st.integers(1, 40))]
        else:
            del out[at:]
    return bytes(out)


WHOLE = {
    "a.csv": write_live_link_face(performance(3)).encode(),
    "a.json": write_clip(performance(3)).encode(),
    "a.npz": npz(expr=np.ones((3, 4)), jaw_pose=np.zeros((3, 3)), eyes_pose=np.zeros((3, 6))),
    "b.npz": (lambda s: (np.savez(s, expr=np.ones((3, 4)), jaw_pose=np.zeros((3, 3))), s.getvalue())[1])(io.BytesIO()),
}


@pytest.mark.parametrize("name", WHOLE)
def test_damaged_files_raise_nothing_else(name, tmp_path):
    path = tmp_path / name

    @settings(max_examples=80, deadline=None, derandomize=True)
    @given(st.data())
    def check(data):
        path.write_bytes(damaged(WHOLE[name], data))
        try:
            clip = read_motion(path)
        except CameoError as error:
            assert error.code == "motion.unreadable" and error.cause
        else:
            sound(clip)

    check()


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.text(alphabet=st.sampled_from("JawOpenTimecde,:;.\n\r\"'0159-e{}[] "), max_size=300), st.booleans())
def test_any_text_raises_nothing_else(text, with_header):
    for read in (read_live_link_face, read_clip):
        try:
            sound(read(TWO + text if with_header else text, "a"))
        except CameoError as error:
            assert error.code == "motion.unreadable"


def sound(clip):
    assert clip.times[0] == 0 and (np.diff(clip.times) > 0).all() and clip.rate > 0
    columns = [*clip.controls.values(), *clip.joints.values()]
    assert all(len(values) == len(clip.times) and np.isfinite(values).all() for values in columns)


def test_another_file_is_named(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xd8\xff\xe0 picture")
    with pytest.raises(CameoError, match="not text"):
        read_motion(tmp_path / "a.csv")


def test_smoothing_comes_neither_late_nor_early():
    t = np.arange(301)
    bump = np.exp(-0.5 * ((t - 150) / 12.0) ** 2)
    clip = MotionClip(evenly(301, 60.0), 60.0, {"jawOpen": bump}, {"neck": np.stack([bump, 0 * bump, 0 * bump], 1)})
    smooth = treated(clip, Treatment(smoothing=0.1))
    for values in (smooth.controls["jawOpen"], smooth.joints["neck"][:, 0]):
        centre = (values * t).sum() / values.sum()
        assert values.argmax() == 150 and centre == pytest.approx(150, abs=1e-6) and values.max() < 0.95
    steady = MotionClip(clip.times, 60.0, {"jawOpen": np.full(301, 0.7)})
    assert np.abs(treated(steady, Treatment(smoothing=0.5)).controls["jawOpen"] - 0.7).max() < 1e-12


def test_frame_rate_trim_and_their_ends():
    clip = performance(121, 60.0)
    half = treated(clip, Treatment(rate=24.0, trim_start=0.5, trim_end=1.5))
    assert len(half.times) == 25 and half.rate == 24 and half.duration == pytest.approx(1.0)
    wanted = np.interp(0.5 + half.times, clip.times, clip.controls["jawOpen"])
    assert np.abs(half.controls["jawOpen"] - wanted).max() < 1e-9
    assert np.abs(half.joints["neck"][12] - clip.joints["neck"][60]).max() < 1e-9
    with pytest.raises(CameoError, match=r"motion\.nothing_left"):
        treated(clip, Treatment(trim_start=5.0))
    with pytest.raises(CameoError, match=r"motion\.too_long"):
        treated(MotionClip(np.array([0.0, 9e3]), 60, {"jawOpen": np.zeros(2)}), Treatment(rate=1000.0))


def test_the_rest_moment_becomes_neutral_and_one_stays_one():
    clip = MotionClip(
        evenly(3, 30.0),
        30.0,
        {"jawOpen": np.array([0.2, 0.6, 1.0])},
        {"neck": np.array([[0.0, 0.3, 0.0], [0.0, 0.5, 0.0], [0.0, 0.3, 0.0]])},
        np.array([[1.0, 2, 3], [1, 2, 4], [1, 2, 3]]),
    )
    rested = treated(clip, Treatment(rest_time=0.0))
    assert np.allclose(rested.controls["jawOpen"], [0, 0.5, 1])
    assert np.allclose(rested.joints["neck"][:, 1], [0, 0.2, 0]) and np.allclose(rested.translation[:, 2], [0, 1, 0])


def test_strength_of_each_group():
    clip = MotionClip(
        evenly(1, 30.0),
        30.0,
        {"eyeLookUpLeft": np.array([0.4]), "eyeBlinkLeft": np.array([0.4]), "jawOpen": np.array([0.8])},
        {"neck": np.array([[0.0, 0.3, 0.0]])},
    )
    strong = treated(clip, Treatment(gains={"gaze": 0.5, "jaw": 2.0, "head": 0.0}))
    assert strong.controls == {"eyeLookUpLeft": 0.2, "eyeBlinkLeft": 0.4, "jawOpen": 1.0}
    assert not strong.joints["neck"].any()
    assert group_of("AU12LipCornerPuller") == "mouth" and group_of("noseSneerLeft") == "cheeks"
