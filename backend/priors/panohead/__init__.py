"""PanoHead (An et al., CVPR 2023): a generator of heads that can be seen from all around.

Written from the papers (PanoHead, EG3D, StyleGAN2) and from facts about the published checkpoint, whose tensor names
and numerics are kept so that its file loads strictly. The weights are for non-commercial use and are not shipped.
"""
