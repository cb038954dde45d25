"""Our FLAME as ``check_flame_ga.py`` wants to see it; that file's docstring is the contract."""

from pathlib import Path

import torch
from cameo.backend.gaussians.gaussian_avatars import GaussianAvatarFrames, gaussian_avatar_frames, to_global
from cameo.backend.head.flame.files import read_landmarks, read_masks, read_model, read_texture_layout
from cameo.backend.head.flame.layer_torch import FlameLayer
from cameo.backend.head.flame.teeth import teeth_texture, with_teeth


def load(model_pkl, masks_pkl, template_obj, landmarks_npy):
    return Flame(*(Path(path) for path in (model_pkl, masks_pkl, template_obj, landmarks_npy)))


class Flame:
    def __init__(self, model_pkl, masks_pkl, template_obj, landmarks_npy):
        model = read_model(model_pkl)
        toothed = with_teeth(model)
        read_masks(masks_pkl, len(model.v_template))
        read_texture_layout(template_obj, len(model.faces))
        self._landmarks = read_landmarks(landmarks_npy, len(model.faces))
        self._plain, self._full = FlameLayer.of_model(model), FlameLayer.of_model(toothed)
        self.faces = self._full.faces
        self.teeth_template = self._full.v_template[len(model.v_template) :]
        self.lbs_weights = self._full.weights
        self.teeth_uv = torch.from_numpy(teeth_texture().uv)

    def plain(self, shape, expr, rot, neck, jaw, eyes, trans):
        posed = self._plain.posed(shape, expr, _pose(rot, neck, jaw, eyes), trans)
        return posed.vertices, posed.joints

    def full(self, shape, expr, rot, neck, jaw, eyes, trans, static_offset):
        posed = self._full.posed(shape, expr, _pose(rot, neck, jaw, eyes), trans, static_offset)
        return posed.vertices, posed.rest, self._full.landmarks(self._landmarks, posed.vertices)

    def frames(self, verts, faces):
        return gaussian_avatar_frames(verts, faces)

    def to_global(self, binding, xyz, log_scale, quat_wxyz, frames):
        return to_global(binding, xyz, log_scale, quat_wxyz, GaussianAvatarFrames(*frames))


def _pose(rot, neck, jaw, eyes):
    return torch.stack([rot, neck, jaw, eyes[:, :3], eyes[:, 3:]], 1)
