"""FaceCraft4D (ICCV 2025): shape prior, image prior, video prior, tracking, in the paper's order."""
