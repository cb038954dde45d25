"""Parts of the image prior (FaceCraft4D section 3.2): DDIM inversion, cross-view mutual attention, pasting of latents.

Pure torch; nothing here imports diffusers. The network comes in as a callable or as a UNet object of diffusers.
"""
