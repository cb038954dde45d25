"""Carrying texture from one view to another by rendered depth (FaceCraft4D section 3.2, warping-based control).

Also an image prior by itself: all views of the orbit from two anchors, without a generative network.
"""
