import cv2
import numpy as np
import pytest
import torch
from cameo.backend.errors import PortraitError
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.priors.liveportrait.crop import clip_crop, cut
from cameo.backend.priors.liveportrait.files import motion_of_file
from cameo.backend.priors.liveportrait.rig import rig_pictures
from small_liveportrait import random_networks


def write_video(path, images):
    """``images`` uint8 [T,H,W,3] sRGB as Motion JPEG, which every OpenCV writes."""
    height, width = images[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (width, height))
    for image in images:
        writer.write(np.ascontiguousarray(image[..., ::-1]))
    writer.release()
    return path


def test_a_video_of_a_face_drives_from_its_most_neutral_picture(tmp_path):
    """The rig filmed: mouth open, at rest, nobody there, a little open."""
    shown = (rig_pictures(({"jawOpen": 0.9}, {}, {"jawOpen": 0.4})).movedim(1, 3) * 255).byte().numpy()
    path = write_video(tmp_path / "rig.avi", [shown[0], shown[1], np.full_like(shown[0], 180), shown[2]])
    networks, looks = random_networks(), []
    networks.motion.register_forward_pre_hook(lambda _, inputs: looks.append(inputs[0]))
    motion = motion_of_file(networks, path)
    assert len(motion) == 3
    assert motion.neutral == 1
    # the extractor saw the face in one square for all pictures, up to what the compression changed
    crop = clip_crop(np.stack([find_landmarks(image).points for image in shown]))
    exact = torch.from_numpy(np.stack([cut(image, crop) for image in shown]))
    assert (torch.cat(looks) - exact).abs().mean() < 0.01


def test_a_video_without_a_face(tmp_path):
    path = write_video(tmp_path / "wall.avi", np.full((2, 64, 64, 3), 90, np.uint8))
    with pytest.raises(PortraitError, match=r"wall\.avi") as caught:
        motion_of_file(random_networks(), path)
    assert caught.value.code == "clip.no_face"


def test_no_video_at_all(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_bytes(b"not a video")
    with pytest.raises(PortraitError) as caught:
        motion_of_file(random_networks(), path)
    assert caught.value.code == "clip.unreadable"
