import cv2
import numpy as np
import pytest
from cameo.backend.priors.liveportrait.crop import CUT_SIDE, FaceCrop, cut, paste
from cameo.backend.priors.liveportrait.driven_view import DrivenView, moved_alpha

SKIN, SIZE = np.array([0.8, 0.6, 0.5]), 128


def disc(radius, side, centre=(0.5, 0.5)):
    """float [side,side], 1 inside, with a soft edge a pixel wide; lengths in units of the side."""
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    return np.clip((radius - np.hypot(columns - centre[0], rows - centre[1])) * side + 0.5, 0, 1)


def over_white(alpha):
    """[3,S,S], a head of even skin."""
    return alpha * SKIN[:, None, None] + (1 - alpha)


@pytest.fixture(scope="module")
def view():
    """A skin-coloured disc with a dark patch, seen in a turned square that is smaller than the picture."""
    alpha = disc(0.3, SIZE)
    color = np.moveaxis(alpha * SKIN[:, None, None], 0, 2) * (1 - 0.6 * disc(0.1, SIZE, (0.55, 0.6)))[..., None]
    image = (np.concatenate([color, alpha[..., None]], 2) * 255 + 0.5).astype(np.uint8)
    turn, scale = np.deg2rad(10), CUT_SIDE / 100
    linear = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return DrivenView(image, FaceCrop(np.column_stack([linear, CUT_SIDE / 2 - linear @ [66, 62]]), CUT_SIDE))


def test_no_motion_gives_the_view_back(view):
    rgba = cut(view.image, view.crop, CUT_SIDE)
    frame = rgba[:3] + (1 - rgba[3])
    assert np.abs(cut_down(frame) - view.source()).max() < 0.02
    again = view.with_frame(frame, frame, border=0.1).astype(int)
    resampled = paste(rgba, view.crop, view.image, 0.1).astype(int)
    assert np.abs(again - resampled).max() <= 6
    assert np.abs(again - view.image).mean() < 1.2
    outside = disc(0.45, SIZE) == 0
    assert (again == view.image)[outside].all()


def cut_down(frame):
    return frame.reshape(3, 256, 2, 256, 2).mean((2, 4))


def test_a_frame_of_another_size_lands_on_the_same_place(view):
    rgba = cut(view.image, view.crop, CUT_SIDE)
    frame = rgba[:3] + (1 - rgba[3])
    large, small = (view.with_frame(part, part, border=0.1).astype(int) for part in (frame, cut_down(frame)))
    assert np.abs(large - small).mean() < 0.8


def test_colours_stay_premultiplied(view):
    rng = np.random.default_rng(0)
    frame, still = rng.random((2, 3, CUT_SIDE, CUT_SIDE), np.float32)
    driven = view.with_frame(frame, still, border=0.1)
    assert (driven[..., :3] <= driven[..., 3:].astype(int) + 1).all()


def test_a_chin_that_goes_down_takes_the_outline_along():
    rest, low = disc(0.3, 256), disc(0.3, 256, (0.5, 0.54))
    alpha = moved_alpha(rest, over_white(rest), over_white(np.maximum(rest, low)))
    assert np.abs(alpha - np.maximum(rest, low)).mean() < 0.01
    assert alpha[int(0.83 * 256), 128] == 1 and rest[int(0.83 * 256), 128] == 0


def test_a_cheek_that_goes_in_leaves_nothing():
    rest, thin = disc(0.3, 256), disc(0.27, 256)
    alpha = moved_alpha(rest, over_white(rest), over_white(thin))
    assert np.abs(alpha - thin).mean() < 0.01
    assert alpha[128, int((0.5 - 0.285) * 256)] == 0


def test_teeth_are_no_hole():
    rest = disc(0.3, 256)
    teeth = disc(0.05, 256, (0.5, 0.6))
    frame = over_white(rest) * (1 - teeth) + teeth
    assert (moved_alpha(rest, over_white(rest), frame) == rest.astype(np.float32)).all()


def test_what_the_networks_always_do_is_no_motion():
    """They blur a picture: skin spills over the outline in the still frame as in the driven one."""
    rest, wide = disc(0.3, 256), disc(0.31, 256)
    assert np.abs(moved_alpha(rest, over_white(wide), over_white(wide)) - rest).max() < 1e-6


def test_far_away_nothing_appears():
    rest, ghost = disc(0.2, 256), disc(0.05, 256, (0.9, 0.1))
    frame = over_white(np.maximum(rest, ghost))
    assert moved_alpha(rest, over_white(rest), frame)[ghost > 0].max() == 0


def test_white_that_was_mixed_in_is_taken_out():
    """The networks' frames are a little soft: over another background their outline would be a white line."""
    sharp = disc(0.3, 256)
    image = np.concatenate([np.moveaxis(sharp * SKIN[:, None, None], 0, 2), sharp[..., None]], 2)
    view = DrivenView((image * 255 + 0.5).astype(np.uint8), FaceCrop(np.eye(3)[:2] * 2.0, CUT_SIDE))
    frame = over_white(cv2.GaussianBlur(disc(0.3, CUT_SIDE), (0, 0), 3.0)).astype(np.float32)
    driven = view.with_frame(frame, frame, border=0.05) / 255
    rim = (sharp > 0.99) & (disc(0.285, 256) < 0.01)
    straight = driven[rim][:, :3] / driven[rim][:, 3:]
    assert np.abs(cut_down(frame)[:, rim].T - SKIN).max() > 0.15  # without that
    assert np.abs(straight - SKIN).max() < 0.06
    assert driven[rim][:, 3].min() > 0.8
