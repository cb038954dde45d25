"""The soft mask of the latents."""

import numpy as np
import pytest
from cameo.backend.priors.warp.config import WarpConfig
from cameo.backend.priors.warp.mask import soft_mask


def test_the_papers_border():
    assert WarpConfig().border == 0.1


def test_inside_border_outside():
    visible = np.zeros((64, 80), bool)
    visible[12:48, :44] = True  # from half a cell down to a whole one; from the picture's edge to half a cell
    mask = soft_mask(visible, cell=8, border=0.1)
    expected = np.zeros((8, 10), np.float32)
    expected[1:6, 0:6] = 0.1  # row 1 and column 5 are half visible, row 5 touches nothing
    expected[2:5, 0:5] = 1
    assert np.array_equal(mask, expected)
    assert mask.dtype == np.float32


def test_a_single_hidden_pixel_makes_its_cell_a_border():
    visible = np.ones((24, 24), bool)
    visible[10, 10] = False
    mask = soft_mask(visible, cell=8, border=0.1)
    assert mask[1, 1] == np.float32(0.1)
    assert (np.delete(mask.ravel(), 4) == 1).all()


def test_sides_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="divisible by 8"):
        soft_mask(np.ones((60, 64), bool), cell=8, border=0.1)
