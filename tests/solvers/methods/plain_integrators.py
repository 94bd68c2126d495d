"""The schemes once more, in a few lines of NumPy, to compare compiled code with."""

import numpy as np

__all__ = ["plain_multistep", "plain_runge_kutta", "waves"]


def waves(samples, points, *, seed):
    """Smooth fields of order one (samples, points)."""
    rng = np.random.default_rng(seed)
    x = np.arange(points) * 2 * np.pi / points
    k = np.arange(1, 5)[:, None]
    phases = rng.uniform(0, 2 * np.pi, (samples, 4, 1))
    return 0.2 + (rng.normal(size=(samples, 4, 1)) * np.cos(k * x + phases)).sum(axis=1)


def plain_runge_kutta(u, scheme, factor, *, steps, forcing=0):
    """u after some steps of a scheme from `exponential`; forcing in the scaling of rfft / points."""
    points = u.shape[-1]

    def nonlinear(v):
        x = np.fft.irfft(v * points, points)
        return factor * np.fft.rfft(x * x) / points + forcing

    v = np.fft.rfft(u) / points
    for _ in range(steps):
        terms = [nonlinear(v)]
        for propagator, weights in zip(scheme.propagators, scheme.stages, strict=True):
            stage = propagator * v
            for weight, term in zip(weights, terms, strict=True):
                stage = stage if weight is None else stage + weight * term
            terms.append(nonlinear(stage))
        v = scheme.propagator * v + sum(w * n for w, n in zip(scheme.weights, terms, strict=True))
    return np.fft.irfft(v * points, points)


def plain_multistep(history, linear, nonlinear, *, steps, constant=0):
    """The field some steps after the last frame of a history (samples, frames, points)."""
    points = history.shape[-1]
    v = [np.fft.rfft(u) / points for u in history.swapaxes(0, 1)[::-1]]
    s = [np.fft.rfft(u * u) / points for u in history.swapaxes(0, 1)[::-1]]
    for _ in range(steps):
        new = sum(a * b for a, b in zip(linear, v, strict=False)) + constant
        new = new + sum(a * b for a, b in zip(nonlinear, s, strict=False))
        u = np.fft.irfft(new * points, points)
        v = [new, *v[:-1]]
        s = [np.fft.rfft(u * u) / points, *s[:-1]]
    return np.fft.irfft(v[0] * points, points)
