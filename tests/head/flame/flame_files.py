"""Files in FLAME's formats with random numbers: as small as wanted, and in every flavour of pickle that is met."""

import pickle
import sys
import types

import numpy as np
import scipy.sparse
import torch


def random_model(vertices=60, seed=3, expressions=8):
    """The table of a FLAME file."""
    rng = np.random.default_rng(seed)
    regressor = rng.random((5, vertices)) * (rng.random((5, vertices)) < 0.2)
    regressor[:, 0] += 0.1
    weights = rng.random((vertices, 5)) ** 4
    return {
        "v_template": rng.normal(0, 0.1, (vertices, 3)),
        "f": rng.integers(0, vertices, (2 * vertices, 3)).astype(np.uint32),
        "shapedirs": rng.normal(0, 1e-3, (vertices, 3, 300 + expressions)),
        "posedirs": rng.normal(0, 1e-3, (vertices, 3, 36)),
        "J_regressor": scipy.sparse.csc_matrix(regressor / regressor.sum(1, keepdims=True)),
        "weights": weights / weights.sum(1, keepdims=True),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32),
        "bs_style": "lbs",
    }


def pickled(table, protocol=2):
    """``table`` with the names that Python 2, old numpy and old SciPy wrote."""
    content = pickle.dumps(table, protocol=protocol)
    if protocol <= 2:  # later protocols count the bytes of a name
        content = content.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
        content = content.replace(b"cscipy.sparse._csc\n", b"cscipy.sparse.csc\n")
    return content


def pickled_2020(table, protocol=2):
    """``table`` with chumpy objects where the file of 2020 has them."""
    package, module = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")
    kind = type("Ch", (), {"__module__": "chumpy.ch"})
    package.ch = module
    module.Ch = kind

    def chumpy(array):
        wrapped = kind()
        wrapped.__dict__.update(x=array, _status="new", _dirty_vars={"x"}, _itr=None, drs=None)
        return wrapped

    names = ("v_template", "shapedirs", "posedirs", "weights")
    sys.modules.update({"chumpy": package, "chumpy.ch": module})
    try:
        return pickled(table | {name: chumpy(table[name]) for name in names}, protocol)
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]


def write(path, content):
    path.write_bytes(content)
    return path


def write_landmarks(path, faces, seed=4, **known):
    """A landmark embedding as GaussianAvatars and VHAP have it: numpy and torch in one dict; random but ``known``."""
    rng = np.random.default_rng(seed)

    def bary(*shape):
        drawn = rng.random((*shape, 3))
        return drawn / drawn.sum(-1, keepdims=True)

    table = {
        "full_lmk_faces_idx": rng.integers(0, faces, (1, 70)),
        "full_lmk_bary_coords": bary(1, 70),
        "dynamic_lmk_faces_idx": torch.from_numpy(rng.integers(0, faces, (79, 17))),
        "dynamic_lmk_bary_coords": torch.from_numpy(bary(79, 17)).float(),
    } | known
    np.save(path, np.array(table, object), allow_pickle=True)
    return table
