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

    @property
    def inverted_steps(self) -> int:
        """Steps from the clean latent to where denoising begins: 10 with the defaults."""
        return round(self.steps * self.strength)
