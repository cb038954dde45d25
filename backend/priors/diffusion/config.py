"""Constants of the diffusion prior; the paper's values are the defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DiffusionConfig:
    """Enhancing the coarse views by a latent diffusion model (FaceCraft4D sections 3.2 and 6.2)."""

    steps: int = 25
    """DDIM steps T over the whole noise schedule (section 6.2)."""
    strength: float = 0.4
    """Part of the schedule that is inverted and denoised again (section 6.2: noise up to step 10 of 25)."""
    start_step: int = 0
    """Denoising step from which views read the reference's keys and values (section 6.2: all that remain)."""
    start_layer: int = 44
    """Self-attention layer, in the order of execution, from which they do. The paper gives none; MasaCtrl tries 44, 54
    and 64 of SDXL's 70."""
    prompt: str = ""
    """What the pictures show. The paper gives none; empty is SDXL's own "no text", for photos and drawings alike."""
    negative_prompt: str = ""
    """What guidance leads away from."""
    guidance: float = 1.0
    """Classifier-free guidance while denoising; inversion has none (1). The paper gives none. Another value needs a
    prompt to lead to, and doubles the time."""
    told_size: int = 1024
    """Side in pixels that SDXL is told the pictures have (its size condition); small ones stand for blur."""

    @property
    def inverted_steps(self) -> int:
        """Steps from the clean latent to where denoising begins: 10 with the defaults."""
        return round(self.steps * self.strength)
