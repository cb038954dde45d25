"""Warping lands where geometry says, and shows only what the source really sees."""

import numpy as np
import pytest
from cameo.backend.head.mesh_raster import project, rasterize_mesh
from cameo.backend.priors.warp.config import WarpConfig
from cameo.backend.priors.warp.reproject import distance_from_z, landing, sees, warp, z_from_distance

from .scenes import HALF_AXES, camera_at, head_mesh, iou, place_of, see_ellipsoid, see_head

CONFIG = WarpConfig()
SEE = {"ellipsoid": see_ellipsoid, "head": see_head}


@pytest.mark.parametrize("see", SEE.values(), ids=SEE)
def test_distance_along_the_ray_is_not_camera_z(see):
    sight = see(camera_at(30))
    depth, camera, hit = sight.view.depth, sight.view.camera, np.isfinite(sight.view.depth)
    assert np.allclose(z_from_distance(sight.distance, camera)[hit], depth[hit], rtol=1e-6)
    assert np.allclose(distance_from_z(depth, camera)[hit], sight.distance[hit], rtol=1e-6)
    assert (sight.distance[hit] - depth[hit]).max() > 2e-3
    assert np.isinf(z_from_distance(sight.distance, camera)[~hit]).all()


@pytest.mark.parametrize("see", SEE.values(), ids=SEE)
def test_points_land_where_their_place_projects_to(see):
    sight, other = see(camera_at(-50)), camera_at(20)
    hit = np.isfinite(sight.view.depth)
    place = landing(sight.view.depth, sight.view.camera, other)
    assert np.abs(place[hit] - project(sight.place[hit], other)).max() < 1e-3
    assert np.isnan(place[~hit]).all()


@pytest.mark.parametrize("see", SEE.values(), ids=SEE)
@pytest.mark.parametrize("yaw", [15, -40, 75])
def test_warped_pixels_land_within_half_a_pixel(see, yaw):
    """The source's colour is its place: what arrives at a pixel says where it should have arrived.

    Where a source pixel is stretched over many target pixels, half a pixel of the source is as near as one can come.
    """
    source, target = see(camera_at(0)), see(camera_at(yaw))
    warped = warp(source.view, target.view.depth, target.view.camera, CONFIG)
    arrived = place_of(warped.color.astype(float)).reshape(-1, 3)
    rows, columns = np.indices(warped.visible.shape)
    wanted = {target: np.stack([columns, rows], -1) + 0.5}
    wanted[source] = landing(target.view.depth, target.view.camera, source.view.camera)[..., :2]
    off = {
        sight: np.linalg.norm(project(arrived, sight.view.camera)[:, :2] - place.reshape(-1, 2), axis=1)
        for sight, place in wanted.items()
    }
    plain = warped.detail.ravel() >= CONFIG.full_detail
    assert plain.sum() > 4000
    assert np.median(off[target][plain]) < 0.02
    assert np.quantile(off[target][plain], 0.999 if see is see_ellipsoid else 0.99) < 0.5
    assert np.quantile(off[source][warped.visible.ravel()], 0.99) < 1
    assert np.quantile(off[source][warped.detail.ravel() > 0], 0.99) < 0.5


@pytest.mark.parametrize("yaw", [15, -40, 75, 120])
def test_visibility_on_the_ellipsoid(yaw):
    source, target = see_ellipsoid(camera_at(0)), see_ellipsoid(camera_at(yaw))
    viewmat = source.view.camera.viewmat
    towards = -viewmat[:3, :3].T @ viewmat[:3, 3] - target.place
    truth = ((target.place / HALF_AXES**2 * towards).sum(-1) > 0) & np.isfinite(target.view.depth)
    warped = warp(source.view, target.view.depth, target.view.camera, CONFIG)
    assert iou(warped.visible, truth) >= 0.98
    assert (warped.detail[~warped.visible] == 0).all()


@pytest.mark.parametrize("yaw", [15, -40, 75])
def test_visibility_on_the_head_which_hides_parts_of_itself(yaw):
    """Truth: a source view of four times the pixels a side, and the triangles' own normals."""
    camera, target = camera_at(0, 384), camera_at(yaw, 384)
    sight, fine = see_head(target), camera_at(0, 4 * 384)
    place = landing(sight.view.depth, target, fine)
    same_side = facing(camera, target, sight.place) * facing(target, target, sight.place) > 0
    truth = sees(rasterize_mesh(*head_mesh(), fine).depth, place, 5e-4) & same_side
    warped = warp(see_head(camera).view, sight.view.depth, target, CONFIG)
    assert iou(warped.visible, truth) >= 0.98


def facing(observer, camera, place):
    """Sign [H,W] of the angle at which ``observer`` sees the triangles that ``camera`` shows at ``place`` [H,W,3]."""
    vertices, faces = head_mesh()
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    eye = -observer.viewmat[:3, :3].T @ observer.viewmat[:3, 3]
    return ((eye - place) * normals[rasterize_mesh(vertices, faces, camera).face]).sum(-1)


def test_a_warp_to_the_same_camera_changes_nothing():
    view = see_head(camera_at(20)).view
    warped = warp(view, view.depth, view.camera, CONFIG)
    hit = np.isfinite(view.depth)
    assert (warped.visible == hit).mean() > 0.999
    assert np.abs(warped.color - view.image[..., :3])[warped.visible].max() < 1e-5
    shown = warped.detail > 0
    assert np.allclose(warped.detail[shown], 1, atol=1e-3)
    assert shown.sum() > 0.9 * hit.sum()  # all but edges


def test_what_leaves_the_picture_is_not_visible():
    source, target = see_ellipsoid(camera_at(0)).view, see_ellipsoid(camera_at(10)).view
    close = source.camera.K.copy()
    close[:2, 2] += 90  # the head slides out of the source's picture to the lower right
    moved = type(source.camera)(source.camera.viewmat, close, source.camera.width, source.camera.height)
    place = landing(target.depth, target.camera, moved)
    seen = sees(np.full_like(source.depth, 1e3), place, CONFIG.depth_tolerance)
    beyond = (place[..., 0] > moved.width) | (place[..., 1] > moved.height)
    assert beyond.sum() > 1000
    assert not seen[beyond].any()
    assert seen[np.isfinite(target.depth) & ~beyond].all()
    assert not seen[~np.isfinite(target.depth)].any()
