"""Our LivePortrait as ``check_liveportrait.py`` wants to see it; that file's docstring is the contract."""

from cameo.backend.priors.liveportrait import keypoints
from cameo.backend.priors.liveportrait.networks import networks_of_states
from cameo.backend.priors.liveportrait.retargeting import stitched
from cameo.backend.priors.liveportrait.sizes import NetworkSizes

TAGS = {
    "F": "appearance",
    "M": "motion",
    "W": "warping",
    "G": "generator",
    "S": "stitching",
    "Rlip": "lip",
    "Reye": "eye",
}
REGIONS = {"all": "all", "exp": "expression"}


def build(states):
    return LivePortrait(networks_of_states({TAGS[tag]: state for tag, state in states.items()}, sizes_of(states)))


def sizes_of(states):
    """The networks' sizes, read off the shapes: the check may come with smaller ones."""
    F, M, W, G = ({key: tuple(value.shape) for key, value in states[tag].items()} for tag in "FMWG")
    channels = F["resblocks_3d.3dr0.conv1.weight"][0]
    stages = range(count(M, "detector.stages.{}.0.norm.weight"))
    levels = count(W, "dense_motion_network.hourglass.encoder.down_blocks.{}.conv.weight")
    return NetworkSizes(
        keypoints=M["detector.fc_kp.weight"][0] // 3,
        image_first=F["first.conv.weight"][0],
        image_halvings=count(F, "down_blocks.{}.conv.weight"),
        volume_channels=channels,
        volume_depth=F["second.weight"][0] // channels,
        volume_blocks=count(F, "resblocks_3d.3dr{}.conv1.weight"),
        stage_depths=tuple(count(M, f"detector.stages.{stage}.{{}}.norm.weight") for stage in stages),
        stage_widths=tuple(M[f"detector.stages.{stage}.0.norm.weight"][0] for stage in stages),
        compressed=W["dense_motion_network.compress.weight"][0],
        hourglass_first=W[f"dense_motion_network.hourglass.decoder.up_blocks.{levels - 1}.conv.weight"][0],
        hourglass_most=W[f"dense_motion_network.hourglass.encoder.down_blocks.{levels - 1}.conv.weight"][0],
        hourglass_blocks=levels,
        generator_blocks=count(G, "G_middle_{}.conv_0.bias"),
        generator_last=G["up_1.conv_1.bias"][0],
        spade_hidden=G["up_0.norm_0.mlp_shared.0.bias"][0],
        stitching_hidden=hidden(states["S"]),
        lip_hidden=hidden(states["Rlip"]),
        eye_hidden=hidden(states["Reye"]),
    )


def count(shapes, key):
    return next(i for i in range(1000) if key.format(i) not in shapes)


def hidden(state):
    return tuple(len(value) for key, value in state.items() if key.endswith("bias"))[:-1]


class LivePortrait:
    pose_deg = staticmethod(keypoints.angle_degrees)
    rotation = staticmethod(keypoints.rotation_from_degrees)

    def __init__(self, networks):
        self._networks = networks
        self.F, self.G = networks.appearance, networks.generator
        self.S, self.Rlip, self.Reye = networks.stitching, networks.lip, networks.eye

    def M(self, image):  # noqa: N802 - the published names of the networks
        return self._networks.motion(image)._asdict()

    def W(self, volume, driving, source):  # noqa: N802
        return self._networks.warping(volume, driving, source)._asdict()

    def transform(self, kp, R, exp, scale, t):
        return keypoints.Motion(kp, R, exp, scale, t).keypoints()

    def relative(self, source, frame, reference, region):
        motions = [keypoints.Motion(**part) for part in (source, frame, reference)]
        return keypoints.follow(*motions, REGIONS[region]).keypoints()

    def stitch(self, source, driven):
        return stitched(self._networks.stitching, source, driven)
