"""Our mutual attention and DDIM as ``check_masactrl.py`` wants to see them; that file's docstring is the contract."""

from cameo.backend.priors.diffusion.attention import mutual_attention as mutual
from cameo.backend.priors.diffusion.attention import plain_attention as plain
from cameo.backend.priors.diffusion.attention import references
from cameo.backend.priors.diffusion.ddim import DdimSchedule, alphas_cumprod

HALVES = 2


def mutual_attention(q, k, v, scale, heads):
    query, key, value = (tensor.unflatten(0, (-1, heads)) for tensor in (q, k, v))
    return _joined(mutual(query, references(key, HALVES), references(value, HALVES), scale))


def plain_attention(q, k, v, scale, heads):
    return _joined(plain(*(tensor.unflatten(0, (-1, heads)) for tensor in (q, k, v)), scale))


def alphas():
    return alphas_cumprod()


def timesteps(n):
    return DdimSchedule(n).timesteps


def invert_step(x, eps, t, n):
    return DdimSchedule(n).invert_step(x, eps, t)


def denoise_step(x, eps, t, n):
    return DdimSchedule(n).denoise_step(x, eps, t)


def _joined(read):
    return read.transpose(1, 2).flatten(2)
