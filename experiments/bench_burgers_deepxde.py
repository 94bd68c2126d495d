"""DeepXDE beside ours on Burgers' equation: the same network, points and time, in one run.

DeepXDE descends as its documentation advises, Adam for half of the time and then L-BFGS, in double precision
on torch. Ours is run three times: with the same equations, conditions, weights at the start and points that
stay, by Adam and L-BFGS for half of the time each and by SSBroyden, so that the method of descent can be told
from the rest; and as it is recommended. What is left of differences: ours counts time from -1 to 1, its
derivatives are faster, its points are a Sobol sequence, Adam's rate falls towards the end, and of the latest
weights it answers with those that obey best at other points.

Lu, Meng, Mao & Karniadakis, SIAM Rev. 63 (2021), doi:10.1137/19M1274067.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import math
import multiprocessing
import os
import time
import warnings
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..solvers.burgers.reference import ColeHopf
from ..solvers.burgers.system import Burgers
from ..solvers.pointwise import At, Condition, Coordinate, Pointwise
from ..surrogates.pinn import PINN
from ..surrogates.pinn_network import NetworkSettings
from ..surrogates.pinn_objective import LossSettings
from ..surrogates.pinn_training import DescentSettings
from .report import write_json
from .timing import pinned_threads, provenance

__all__ = ["NAMES", "PRESETS", "Settings", "deepxde_installed", "run", "table"]

VISCOSITY = 0.01 / math.pi
RECOMMENDED, PLAIN, LIMITED = "ours, recommended", "ours, plain, SSBroyden", "ours, plain, Adam and L-BFGS"
NAMES: dict[str, tuple[str, ...]] = {"activations": ("gelu", "tanh")}
TIMES = np.linspace(0, 1, 101)[1:]
PACE = 20
"""Part of the time in which it is measured how many steps of Adam there are in half of it."""
EDGES = 256
"""Points at the start, and at the ends."""


@dataclass(frozen=True)
class Settings:
    """What is compared.

    Attributes:
        activations: of the networks, three layers of 20.
        points: inside.
        seconds: for which each is trained.
        seeds: of each.
        threads: of each training.
    """

    activations: tuple[str, ...] = ("gelu", "tanh")
    points: int = 4_096
    seconds: float = 60.0
    seeds: int = 3
    threads: int = 1


PRESETS = {"quick": Settings(("tanh",), points=256, seconds=2.0, seeds=1), "default": Settings()}


@dataclass(frozen=True)
class _Job:
    who: str
    activation: str
    seed: int
    settings: Settings


def deepxde_installed() -> bool:
    """Whether the peer is."""
    return importlib.util.find_spec("deepxde") is not None


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Train all, one after the other; writes and returns the results."""
    whose = [RECOMMENDED, PLAIN, LIMITED] + ["DeepXDE"] * deepxde_installed()
    jobs = [
        _Job(who, activation, seed, settings)
        for activation in settings.activations
        for seed in range(settings.seeds)
        for who in whose
    ]
    rows = []
    for job in jobs:
        # one after the other, each in a process of its own: DeepXDE changes torch's defaults for good
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as one:
            found = one.submit(_measured, job).result()
        rows.append({"who": job.who, "activation": job.activation, "seed": job.seed, **found})
    results = {"rows": rows, "settings": asdict(settings), **provenance()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, results)
    return results


def table(results: Mapping[str, Any]) -> str:
    """Median errors over seeds, and how many times as large DeepXDE's are."""
    lines = [
        f"{'':42}{'error, median':>16}{'lowest':>12}{'highest':>12}{'DeepXDE / this':>18}{'seconds':>10}"
    ]
    for activation in dict.fromkeys(row["activation"] for row in results["rows"]):
        errors = {
            who: [r["error"] for r in results["rows"] if (r["who"], r["activation"]) == (who, activation)]
            for who in dict.fromkeys(row["who"] for row in results["rows"])
        }
        for who, found in errors.items():
            seconds = [
                r["seconds"] for r in results["rows"] if (r["who"], r["activation"]) == (who, activation)
            ]
            ratio = np.median(errors["DeepXDE"]) / np.median(found) if "DeepXDE" in errors else np.nan
            lines.append(
                f"{who + ', ' + activation:42}{np.median(found):16.2e}{min(found):12.2e}{max(found):12.2e}"
                f"{ratio:18.3g}{np.median(seconds):10.1f}"
            )
    return "\n".join(lines)


def _measured(job: _Job) -> dict[str, Any]:
    with pinned_threads(job.settings.threads):
        predict, steps, seconds = (_deepxde if job.who == "DeepXDE" else _ours)(job)
        system = Burgers()
        query = system.draw([np.random.default_rng(0)])
        truth = ColeHopf(system)(query, TIMES).values["u"][0]
        places, times = np.meshgrid(system.places(), TIMES)
        said = predict(np.stack([places.ravel(), times.ravel()], axis=1)).reshape(truth.shape)
    error = float(np.linalg.norm(said - truth) / np.linalg.norm(truth))
    return {"error": error, "seconds": seconds, "steps": steps}


def _ours(job: _Job) -> tuple[Any, int, float]:
    settings, problem = PINN.Settings(), plain_problem()
    descent = DescentSettings(steps=10_000_000, seconds=job.settings.seconds)
    loss = LossSettings(points=job.settings.points, condition_points=EDGES)
    network = NetworkSettings(activation=job.activation, gain=1.0)
    if job.who == RECOMMENDED:
        system = Burgers()
        problem = system.pointwise(system.draw([np.random.default_rng(0)]), horizon=1.0)
        network = replace(network, gain=1.6 if job.activation == "gelu" else 1.0)
    else:
        loss = replace(loss, resampling="never")
    if job.who == LIMITED:
        descent = replace(descent, optimiser="adam", learning_rate=1e-3, seconds=job.settings.seconds / PACE)
        pace = PINN(replace(settings, network=network, loss=loss, descent=descent)).solve(problem)
        half = round(0.5 * PACE * pace.epochs)  # steps of Adam in half of the time, as DeepXDE is given
        descent = replace(descent, optimiser="lbfgs", adam_steps=half, seconds=job.settings.seconds)
    pinn = PINN(replace(settings, network=network, loss=loss, descent=descent))
    record = pinn.solve(problem, seed=job.seed)

    def predict(places: NDArray[np.float64]) -> NDArray[np.float64]:
        x, t = torch.from_numpy(places.T.copy())
        return np.asarray(pinn.at(x=x, t=t)["u"].numpy())

    return predict, record.epochs, record.seconds


def plain_problem() -> Pointwise:
    """Burgers' equation as DeepXDE is told it: zero at both ends, the start a condition, nothing built in."""

    def momentum(at: At) -> dict[str, torch.Tensor]:
        return {"momentum": at("u", t=1) + at("u") * at("u", x=1) - VISCOSITY * at("u", x=2)}

    def start(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u") + torch.sin(math.pi * at("x"))}

    def end(at: At) -> dict[str, torch.Tensor]:
        return {"u": at("u")}

    return Pointwise(
        coordinates=(Coordinate("t", 0.0, 1.0), Coordinate("x", -1.0, 1.0)),
        unknowns=("u",),
        equations=momentum,
        conditions=(
            Condition("start", {"t": 0.0}, start),
            Condition("left", {"x": -1.0}, end),
            Condition("right", {"x": 1.0}, end),
        ),
    )


def _deepxde(job: _Job) -> tuple[Any, int, float]:
    os.environ["DDE_BACKEND"] = "pytorch"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # it would train there, and ours does not here
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        dde: Any = importlib.import_module("deepxde")
        dde.config.set_default_float("float64")
        dde.config.set_random_seed(job.seed)

        def equation(x: Any, u: Any) -> Any:
            slope, rate = (dde.grad.jacobian(u, x, i=0, j=j) for j in (0, 1))
            return rate + u * slope - VISCOSITY * dde.grad.hessian(u, x, i=0, j=0)

        domain = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 1))
        conditions = [
            dde.icbc.DirichletBC(domain, lambda x: 0, lambda _, on_boundary: on_boundary),
            dde.icbc.IC(domain, lambda x: -np.sin(np.pi * x[:, :1]), lambda _, on_initial: on_initial),
        ]
        data = dde.data.TimePDE(
            domain,
            equation,
            conditions,
            num_domain=job.settings.points,
            num_boundary=EDGES,
            num_initial=EDGES,
        )
        names = {"gelu": "GELU", "tanh": "tanh"}
        net = dde.nn.FNN([2] + [20] * 3 + [1], names[job.activation], "Glorot normal")
        model = dde.Model(data, net)
        half, begin = 0.5 * job.settings.seconds / 60, time.perf_counter()
        model.compile("adam", lr=1e-3)
        model.train(iterations=10**7, callbacks=[dde.callbacks.Timer(half)], verbose=0)
        dde.optimizers.set_LBFGS_options(gtol=1e-12, maxiter=10**7, maxfun=10**7)
        options = importlib.import_module("deepxde.optimizers.config").LBFGS_options
        options["iter_per_step"], options["fun_per_step"] = 100, 125  # that it sees when the time is up
        model.compile("L-BFGS")
        model.train(callbacks=[dde.callbacks.Timer(half)], verbose=0)
        seconds = time.perf_counter() - begin
        predict = model.predict
        steps = int(model.train_state.step)
    return predict, steps, seconds
