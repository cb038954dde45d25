import pickle

import numpy as np
import pytest
import torch
from cameo.backend.errors import AssetError
from cameo.backend.priors.liveportrait.drive import appearance_of, drive
from cameo.backend.priors.liveportrait.sequence import estimated_openings, most_neutral
from cameo.backend.priors.liveportrait.templates import read_template
from small_liveportrait import random_image, random_networks
from torch.testing import assert_close

LENGTH = 6


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing of a test stays in the user's cache, and none is served from it."""
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "cache"))


def template(rotation="R", openings=None):
    """In the published layout: one dict of arrays for each frame, each array with a first axis of length 1."""
    random = np.random.default_rng(4)

    def numbers(*shape):
        return random.normal(size=shape).astype(np.float32)

    frames = [
        {"scale": numbers(1, 1), rotation: numbers(1, 3, 3), "exp": 0.01 * numbers(1, 21, 3), "t": numbers(1, 3)}
        for _ in range(LENGTH)
    ]
    table = {"n_frames": LENGTH, "output_fps": 25, "motion": frames}
    if openings:
        lip, eyes = openings
        table[lip] = [np.array([[0.2]], np.float32) for _ in range(LENGTH)]
        table[lip][4] = np.array([[0.01]], np.float32)
        table[eyes] = [np.array([[0.3, 0.3]], np.float32) for _ in range(LENGTH)]
    return table


def written(tmp_path, table, protocol=4):
    path = tmp_path / "wink.pkl"
    path.write_bytes(pickle.dumps(table, protocol))
    return path


@pytest.mark.parametrize(("rotation", "protocol"), [("R", 4), ("R_d", 2)])
def test_the_frames_are_those_of_the_file(tmp_path, rotation, protocol):
    table = template(rotation)
    motion = read_template(written(tmp_path, table, protocol))
    assert len(motion) == LENGTH
    for index, frame in enumerate(table["motion"]):
        ours = motion.frames[index]
        for name, theirs in (("R", rotation), ("exp", "exp"), ("scale", "scale"), ("t", "t")):
            assert_close(getattr(ours, name), torch.from_numpy(frame[theirs]))
    assert motion.neutral == most_neutral(*estimated_openings(motion.frames.exp))


def test_openings_in_the_file_decide_what_is_neutral_and_the_motion_drives(tmp_path):
    motion = read_template(written(tmp_path, template(openings=("c_lip_lst", "c_eyes_lst"))))
    assert motion.neutral == 4
    networks = random_networks()
    frames = list(drive(networks, [appearance_of(networks, random_image(1))], motion))
    assert len(frames) == LENGTH
    assert (frames[0] - frames[1]).abs().max() > 0


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (self.path.touch, ())


def test_the_code_in_a_template_does_not_run(tmp_path):
    table = template()
    table["motion"][2]["exp"] = Trap(tmp_path / "trapped")
    with pytest.raises(AssetError) as caught:
        read_template(written(tmp_path, table))
    assert caught.value.code == "template.unreadable"
    assert not (tmp_path / "trapped").exists()


def without_a_key(table):
    del table["motion"][3]["t"]


def with_another_shape(table):
    table["motion"][1]["exp"] = np.zeros((1, 20, 3), np.float32)


def of_an_animal(table):
    for frame in table["motion"]:
        frame["exp"] = np.zeros((1, 9, 3), np.float32)


def with_no_number(table):
    table["motion"][1]["t"] = np.array([[0, np.nan, 0]], np.float32)


@pytest.mark.parametrize("damage", [without_a_key, with_another_shape, of_an_animal, with_no_number, dict.clear])
def test_a_wrong_template_is_refused_with_a_reason(tmp_path, damage):
    table = template()
    damage(table)
    with pytest.raises(AssetError) as caught:
        read_template(written(tmp_path, table))
    assert caught.value.code in ("template.unreadable", "template.wrong_contents")
    assert caught.value.cause
