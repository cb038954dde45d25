"""Splats among a scene's other objects: Cycles or EEVEE render those, Cameo the splats, the compositor joins them.

The avatar's mesh stands in the artist's scene unseen by the camera: it casts the head's shadow and shows in mirrors. A
second scene holds the same avatars and renders their splats with depth. Pixel by pixel the nearer of the two lies over
the other. What light the photo had is in the splats; on request the scene's light and shadows fall on them, too.
"""

from __future__ import annotations

import bpy

from ...protocol.errors import CameoError
from .avatar import avatars_in, parts_of
from .depth_nodes import Layer, joined
from .head_light import GAIN_NODE, STRENGTH_NODE, light_layer, lit, remove_light, set_up_light
from .node_graph import NodeGraph
from .picture import ENGINE

SPLAT_SCENE = "cameo_splat_scene"  # on the artist's scene: the scene of the splats
GROUP = "Cameo Compositing"
_IN_STEP = (  # of the render settings
    *("resolution_x", "resolution_y", "resolution_percentage", "pixel_aspect_x", "pixel_aspect_y"),
    *("use_border", "use_crop_to_border", "border_min_x", "border_max_x", "border_min_y", "border_max_y"),
    *("fps", "fps_base"),
)
_RAYS = ("visible_diffuse", "visible_glossy", "visible_transmission", "visible_volume_scatter", "visible_shadow")


def set_up_compositing(scene: bpy.types.Scene, *, light: bool = False) -> bpy.types.Scene:
    """Make (or make anew) the splats' scene and the compositor's nodes; returns the splats' scene.

    Args:
        light: the scene's light and shadows fall on the splats; costs a render of the scene's light.

    Raises:
        CameoError: ``render.no_avatar``, ``render.no_camera``, ``render.cameo_engine``.
    """
    roots = avatars_in(scene)
    _check(scene, roots)
    layer = _splat_scene(scene, roots)
    for root in roots:
        _leave_to_cameo(root)
    if light:
        set_up_light(scene, roots)
    else:
        remove_light(scene)
    for view_layer in scene.view_layers:
        view_layer.use_pass_z = True
    scene.compositing_node_group = _nodes(scene, layer)
    scene.render.use_compositing = True
    return layer


@bpy.app.handlers.persistent
def keep_in_step(scene: bpy.types.Scene, *_: object) -> None:
    """Give the splats' scene, if there is one, the scene's camera and size: both may change with every picture."""
    layer = scene.get(SPLAT_SCENE)
    if not isinstance(layer, bpy.types.Scene):
        return
    layer.camera = _camera_of(scene)
    for name in _IN_STEP:
        setattr(layer.render, name, getattr(scene.render, name))
    layer.cameo_view.draw_by_backend = scene.cameo_view.draw_by_backend
    layer.frame_start, layer.frame_end = scene.frame_start, scene.frame_end


def _camera_of(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The camera that renders the current frame: Blender 5.0 tells of a cut only after its handlers ran."""
    cuts = sorted((marker for marker in scene.timeline_markers if marker.camera), key=lambda marker: marker.frame)
    passed = [marker for marker in cuts if marker.frame <= scene.frame_current]
    return (passed[-1:] or cuts[:1])[0].camera if cuts else scene.camera


def light_nodes(scene: bpy.types.Scene) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket] | None:
    """Where the strength and the gain of the light on the splats are set; None where none falls on them."""
    tree = scene.compositing_node_group
    if tree is None or STRENGTH_NODE not in tree.nodes or GAIN_NODE not in tree.nodes:
        return None
    return tree.nodes[STRENGTH_NODE].inputs[1], tree.nodes[GAIN_NODE].inputs["Scale"]


def _check(scene: bpy.types.Scene, roots: list[bpy.types.Object]) -> None:
    if not roots:
        raise CameoError(
            "render.no_avatar", "There is no avatar in this scene.", fix="Import one, or make one from a portrait."
        )
    if scene.camera is None:
        raise CameoError("render.no_camera", "The scene has no camera.", fix="Add a camera, or set up a turntable.")
    if scene.render.engine == ENGINE:
        raise CameoError(
            "render.cameo_engine",
            "This scene is rendered by Cameo, which draws splats alone.",
            fix="Choose Cycles or EEVEE as the scene's render engine: Cameo then adds the splats.",
        )


def _splat_scene(scene: bpy.types.Scene, roots: list[bpy.types.Object]) -> bpy.types.Scene:
    """The scene of the splats alone: same avatars, camera, size and time."""
    layer = scene.get(SPLAT_SCENE)
    if not isinstance(layer, bpy.types.Scene):
        layer = bpy.data.scenes.new(f"{scene.name} Splats")
        scene[SPLAT_SCENE] = layer
    _show_alone(layer.collection, scene, roots)
    layer.world = None
    layer.render.engine, layer.render.film_transparent = ENGINE, True
    layer.view_layers[0].use_pass_z = True
    keep_in_step(scene)
    return layer


def _show_alone(shown: bpy.types.Collection, scene: bpy.types.Scene, roots: list[bpy.types.Object]) -> None:
    """Link the avatars of ``roots`` to the collection ``shown``, and nothing else."""
    collections = {collection for root in roots for collection in root.users_collection} - {scene.collection, shown}
    loose = [root for root in roots if scene.collection in root.users_collection]
    objects = {item for root in loose for item in (root, *root.children_recursive)}
    for linked, wanted in ((shown.children, collections), (shown.objects, objects)):
        for item in set(linked) - wanted:
            linked.unlink(item)
        for item in wanted - set(linked):
            linked.link(item)


def _leave_to_cameo(root: bpy.types.Object) -> None:
    """The camera sees neither mesh nor points; shadows and mirrors see the mesh, which is the lighter of the two."""
    parts = parts_of(root)
    parts.head.visible_camera = parts.splats.visible_camera = False
    for name in _RAYS:
        setattr(parts.splats, name, False)


def _nodes(scene: bpy.types.Scene, layer: bpy.types.Scene) -> bpy.types.NodeTree:
    """The compositor's tree, made anew; another tree stays in the file."""
    tree = scene.compositing_node_group
    if tree is None or not tree.name.startswith(GROUP):
        if tree is not None:
            tree.use_fake_user = True  # the artist's own nodes stay in the file
        tree = bpy.data.node_groups.new(GROUP, "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    set_before = light_nodes(scene)
    strength, gain = (socket.default_value for socket in set_before) if set_before else (1.0, 1.0)
    tree.nodes.clear()
    g = NodeGraph(tree)
    rest, splats = (g.node("CompositorNodeRLayers") for _ in range(2))
    rest.scene, splats.scene = scene, layer
    head = splats.outputs["Image"]
    if light_layer(scene) is not None:
        rest.layer = next(view.name for view in scene.view_layers if view != light_layer(scene))
        head = lit(g, scene, head, strength, gain)
    layers = Layer(rest.outputs["Image"], rest.outputs["Depth"]), Layer(head, splats.outputs["Depth"])
    g.connect(joined(g, *layers, splats.outputs["Alpha"]), g.node("NodeGroupOutput").inputs[0])
    _spread_out(tree)
    return tree


def _spread_out(tree: bpy.types.NodeTree) -> None:
    """Nodes stand in columns, each right of what it takes from."""
    columns: dict[bpy.types.Node, int] = {}
    for node in tree.nodes:  # in the order they were made: a node comes after those it takes from
        sources = [link.from_node for socket in node.inputs for link in socket.links]
        columns[node] = 1 + max((columns.get(source, 0) for source in sources), default=-1)
    heights = dict.fromkeys(columns.values(), 0)
    for node, column in columns.items():
        node.location = 220 * column, -330 * heights[column]
        heights[column] += 1


def register() -> None:
    for event in _before_pictures():
        event.append(keep_in_step)


def unregister() -> None:
    for event in _before_pictures():
        event.remove(keep_in_step)


def _before_pictures() -> tuple[list[object], ...]:
    return bpy.app.handlers.render_init, bpy.app.handlers.render_pre
