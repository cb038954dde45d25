"""``cameo import``: an avatar of GaussianAvatars becomes an avatar file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console

from ..artifacts import AvatarMesh, BoundGaussians, GaussianAvatar, orbit_camera
from ..errors import CameoError
from .export import PARAMS, PLY
from .generate import require_writable

_UNSEEN = 0.5
"""Grey of proxy vertices that no Gaussian touches."""


def import_avatar(
    folder: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("avatar.cameo"),
    head_model_path: str = "",
) -> None:
    """Make an avatar file of GaussianAvatars' point_cloud.ply and flame_param.npz.

    Exact at the neutral pose; from there on the Gaussians stretch with the skin, as Cameo's do. Colours that depend on
    the view become plain, and the motion in flame_param.npz is left out: an avatar file holds none.

    Args:
        folder: Where the two files lie.
        output: The avatar file to write.
        head_model_path: FLAME's model file (docs/flame.md); empty: the built-in head, for what Cameo exported of it.
    """
    from ...protocol.avatar import write_avatar
    from ..exporters.flame_params import neutral_vertices, read_flame_params
    from ..exporters.gaussian_avatars import read_bound_ply
    from ..gaussians.render import render_avatar, to_uint8
    from ..head.flame.head_model import head_model_at
    from ..head.model import make_avatar_mesh
    from ..pipeline.bake import avatar_data

    if missing := [name for name in (PLY, PARAMS) if not (folder / name).is_file()]:
        raise CameoError(
            "import.missing",
            f"There is no avatar of GaussianAvatars in {folder}.",
            cause=f"The folder has no {' and no '.join(missing)}.",
            fix="Choose the folder where point_cloud.ply and flame_param.npz lie together.",
        )
    model = head_model_at(head_model_path)
    neutral = neutral_vertices(read_flame_params(folder / PARAMS), model)
    mesh = make_avatar_mesh(model, neutral, np.full_like(neutral, _UNSEEN))
    gaussians = read_bound_ply(folder / PLY, mesh)
    require_writable(output)
    provenance = {"imported": PLY, "options": {"head_model_path": head_model_path}}
    nothing = np.zeros((1, 1, 3), np.uint8)
    avatar = GaussianAvatar(replace(mesh, colors=_vertex_colors(mesh, gaussians)), gaussians, nothing, provenance)
    camera = orbit_camera(0, distance=1.3, fov_deg=17.5, size=256)
    picture = to_uint8(render_avatar(avatar, model.rest(), camera, np.ones(3))[..., :3])
    write_avatar(output, avatar_data(replace(avatar, thumbnail=picture)))
    Console().print(f"[green]{output}[/green] is ready ({output.stat().st_size / 1e6:.1f} MB).")


def _vertex_colors(mesh: AvatarMesh, gaussians: BoundGaussians) -> np.ndarray:
    """float32 [V,3] sRGB: the mean of the Gaussians on the triangles round each vertex, by opacity."""
    corners = mesh.faces[gaussians.face].ravel()
    weight = np.repeat(gaussians.opacity, 3)
    total = np.bincount(corners, weight, len(mesh.vertices))
    colors = np.repeat(gaussians.color, 3, axis=0) * weight[:, None]
    sums = np.stack([np.bincount(corners, channel, len(mesh.vertices)) for channel in colors.T], 1)
    seen = total > 0
    return np.where(seen[:, None], sums / np.where(seen, total, 1)[:, None], mesh.colors).astype(np.float32)
