"""The descent of a network of coordinates: Adam, then a quasi-Newton method, refreshed, kept, resumed."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from .checkpoints import optimiser_to_plain, plain_to_optimiser, read_checkpoint, write_checkpoint
from .pinn_best import BestWeights
from .pinn_descent_settings import DescentSettings
from .pinn_history import History, read_history, write_history
from .pinn_objective import PhysicsObjective
from .quasi_newton import QuasiNewton, QuasiNewtonSettings
from .surrogate import SurrogateError
from .torch_threads import torch_threads

__all__ = ["DescentSettings", "History", "PhysicsTraining", "read_history"]

logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.safetensors"
EVERY = 30.0
"""Seconds between two checkpoints."""
GROWTH = 1.25
"""From one snapshot's time to the next."""
FIRST = 0.5
"""Seconds until the first snapshot."""


class PhysicsTraining:
    """One descent; with a folder it is kept there and resumed.

    Raises `SurrogateError` where the loss is no longer finite, naming term and step, for a checkpoint of
    another run, and where numbers were to be found but never let go.
    """

    def __init__(
        self,
        objective: PhysicsObjective,
        settings: DescentSettings,
        *,
        folder: Path | None = None,
        identity: Mapping[str, Any] | None = None,
        progress: bool = False,
    ) -> None:
        self.objective, self.settings, self.folder = objective, settings, folder
        self._refuse_to_hold_for_good()
        self.identity = json.loads(json.dumps(dict(identity or {})))
        self.history, self.step, self.before = History(), 0, 0.0
        self.best = BestWeights(objective)
        self.adam = torch.optim.Adam(objective.parameters, lr=settings.learning_rate)
        self.newton: QuasiNewton | None = None
        self._stuck, self._at_refresh = False, -1
        self._begin = self._written = time.perf_counter()
        self._bar = tqdm(total=settings.steps, desc="solving", unit="step", disable=not progress)
        self.loss = math.nan

    @property
    def seconds(self) -> float:
        """Spent in this run and in those that it resumes."""
        return self.before + time.perf_counter() - self._begin

    @property
    def finished(self) -> bool:
        """Whether all steps were taken, or none leads lower."""
        return self.step >= self.settings.steps or self._stuck

    @property
    def over(self) -> bool:
        """Whether to stop now."""
        limit = self.settings.seconds
        return self.finished or (limit is not None and self.step > 0 and self.seconds > limit)

    @property
    def note(self) -> str:
        """What to know of an end that came too early; empty where it did not."""
        if not self._holding:
            return ""
        return "the time was up before numbers left their first guess: give it more, or a smaller hold"

    @property
    def _holding(self) -> bool:
        return bool(self.objective.network.guesses) and self.objective.network.held

    def run(self) -> History:
        """Descend to the end; the network then has the best of its latest weights."""
        self._begin = time.perf_counter()
        with torch_threads(self.settings.threads):
            history = self._run()
            self.objective.place = self.best.or_as_they_are()
        return history

    def _run(self) -> History:
        self.objective.first_weights()
        self._resume()
        self._bar.update(self.step)
        if not self.history.seconds:
            self._note(last=True)  # the network as it was drawn
        elif self.over and self.history.steps[-1] == self.step:
            self._bar.close()
            return self.history
        with self._bar:
            while not self.over:
                if self.step < self.settings.first_steps:
                    self._adam_step()
                else:
                    self._newton_steps()
                # (also where time is up: who takes up the run again goes on with these points)
                due = self.step % self.objective.settings.refresh == 0 and self._at_refresh != self.step
                if due and not self.finished:
                    self._refresh()
                self._note()
            self._note(last=True)
        if self.folder is not None:
            self._write()
            write_history(self.folder, self.history)
        return self.history

    # steps ---------------------------------------------------------------------------------------

    def _adam_step(self) -> None:
        limit, alone = self.settings.seconds, self.settings.optimiser == "adam"
        spent = self.seconds / limit if limit is not None and alone else 0.0
        for group in self.adam.param_groups:
            group["lr"] = self.settings.rate(self.step, spent=spent)
        self.adam.zero_grad(set_to_none=True)
        loss = self.objective.loss()
        self.loss = float(loss.detach())
        if not math.isfinite(self.loss):
            self._refuse_not_finite()
        loss.backward()
        self.adam.step()
        self.step += 1
        self._bar.update()

    def _newton_steps(self) -> None:
        """Until the next refresh, or the time of a note."""
        if self.newton is None:
            chosen = QuasiNewtonSettings(update=self.settings.optimiser, steps=self.settings.steps)  # type: ignore[arg-type]
            try:
                self.newton = QuasiNewton(self.objective, self.objective.place, chosen)
            except SurrogateError as error:
                if all(map(math.isfinite, self.objective.values().values())) and "finite" not in str(error):
                    raise
                self._refuse_not_finite(error)
            assert self.newton is not None
            self.newton.steps = self.step
        refresh = self.objective.settings.refresh

        def each(newton: QuasiNewton) -> bool:
            self.step, self.loss = newton.steps, newton.value
            self._bar.update()
            return self.over or self.step % refresh == 0 or self._due

        end = self.newton.run(each)
        self.objective.place = self.newton.place
        self.loss = self.newton.value
        if end.why != "it was asked to":
            # with other points something lower may be found
            no_others = self._at_refresh == self.step or self.objective.settings.resampling == "never"
            self._stuck = no_others and not self._holding
            if not self._stuck:
                self._refresh()
            else:
                logger.info("the descent ends after %d steps: %s", self.step, end.why)

    def _refresh(self) -> None:
        # here alone, for notes come when it is time, and no two runs' time is alike
        if not self.best.keep():
            self._go_back()
        held = self._holding
        self.objective.refresh()
        if held and not self._holding:
            self.best.forget()  # what was best for the first guess
        self._at_refresh = self.step
        if self.newton is not None:
            try:
                self.newton.changed()
            except SurrogateError as error:
                self._refuse_not_finite(error)

    def _go_back(self) -> None:
        logger.info("the network is lost at step %d: back to the best of its latest weights", self.step)
        self.objective.place = self.best.or_as_they_are()
        if self.newton is not None:
            self.newton.go_to(self.objective.place)

    def _refuse_to_hold_for_good(self) -> None:
        loss = self.objective.settings
        if self.objective.network.guesses and self.settings.steps <= loss.hold * loss.refresh:
            raise SurrogateError(
                f"numbers that are recovered keep their first guess for {loss.hold} x {loss.refresh} steps "
                f"(hold times refresh), and there are {self.settings.steps}; take more, or hold 0 to let "
                "them go at once"
            )

    def _refuse_not_finite(self, cause: Exception | None = None) -> None:
        values = self.objective.values()
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        raise SurrogateError(
            f"the loss is not finite at step {self.step} of {self.settings.steps}: "
            f"{'term ' + repr(bad[0]) if bad else 'its gradient'}; lower learning_rate (now "
            f"{self.settings.learning_rate:g}) or the network's gain (now "
            f"{self.objective.network.settings.gain:g}), and see that the equations hold no division by zero "
            "or root of a negative number"
        ) from cause

    # what is kept --------------------------------------------------------------------------------

    @property
    def _due(self) -> bool:
        return self.seconds >= self._next_note or self._unwritten

    @property
    def _unwritten(self) -> bool:
        return self.folder is not None and time.perf_counter() - self._written > EVERY

    @property
    def _next_note(self) -> float:
        return max(FIRST, GROWTH * self.history.seconds[-1]) if self.history.seconds else FIRST

    def _note(self, *, last: bool = False) -> None:
        """A snapshot where it is time for one, a checkpoint where it is time for that."""
        seconds = self.seconds
        if last or seconds >= self._next_note:
            here, self.objective.place = self.objective.place, self.best.or_as_they_are()
            history, values = self.history, self.objective.values()
            history.seconds.append(seconds)
            history.steps.append(self.step)
            history.losses.append(sum(self.objective.weights[n] * v for n, v in values.items()))
            for name, value in values.items():
                history.terms.setdefault(name, []).append(value)
            history.snapshots.append(self.objective.place)
            self.objective.place = here
            told = ", ".join(f"{name} {value:.1e}" for name, value in values.items())
            self._bar.set_postfix_str(f"loss {self.loss:.1e} ({told})")
        if self._unwritten:
            self._write()

    def _write(self) -> None:
        assert self.folder is not None
        tensors, plain = self.objective.state()
        tensors = {f"objective.{k}": v for k, v in tensors.items()}
        tensors["place"] = torch.from_numpy(self.objective.place)
        kept, losses = self.best.state()
        tensors |= {f"best.{k}": v for k, v in kept.items()}
        if self.newton is not None:
            tensors |= {f"newton.{k}": torch.from_numpy(v.copy()) for k, v in self.newton.state().items()}
        else:
            moments, counters = optimiser_to_plain(self.adam)
            tensors |= {f"adam.{k}": v for k, v in moments.items()}
            plain = {**plain, "adam": counters}
        if self.history.snapshots:
            tensors["snapshots"] = torch.from_numpy(np.array(self.history.snapshots))
        numbers = {
            "identity": self.identity,
            "step": self.step,
            "best": losses,
            "seconds": self.seconds,
            "stuck": self._stuck,
            "refreshed": self._at_refresh,
            "objective": plain,
            "history": self.history.plain(),
        }
        write_checkpoint(self.folder / CHECKPOINT, tensors, numbers)
        self._written = time.perf_counter()

    def _resume(self) -> None:
        """Take up the run that stands in the folder, if there is one."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        found = read_checkpoint(self.folder / CHECKPOINT)
        if not found:
            return
        tensors, numbers = found
        stored = numbers["identity"]
        if stored != self.identity:
            changed = sorted(k for k in {*stored, *self.identity} if stored.get(k) != self.identity.get(k))
            raise SurrogateError(
                f"{self.folder} holds a checkpoint that was made with another {', '.join(changed)}; delete "
                f"{CHECKPOINT} there to begin anew, or choose another folder"
            )
        parts: dict[str, dict[str, torch.Tensor]] = {"objective": {}, "newton": {}, "adam": {}, "best": {}}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            if kind in parts:
                parts[kind][rest] = tensor
        self.step, self.before, self._stuck = numbers["step"], numbers["seconds"], numbers["stuck"]
        self._at_refresh = numbers["refreshed"]
        self.objective.place = tensors["place"].numpy()
        self.best.resume(parts["best"], numbers["best"])
        self.objective.resume(parts["objective"], numbers["objective"])
        if parts["newton"]:
            chosen = QuasiNewtonSettings(update=self.settings.optimiser, steps=self.settings.steps)  # type: ignore[arg-type]
            self.newton = QuasiNewton(self.objective, self.objective.place, chosen)
            self.newton.resume({name: tensor.numpy() for name, tensor in parts["newton"].items()})
        elif parts["adam"]:
            plain_to_optimiser(self.adam, parts["adam"], numbers["objective"]["adam"])
        snapshots = list(tensors["snapshots"].numpy()) if "snapshots" in tensors else []
        self.history = History(**numbers["history"], snapshots=snapshots)
        logger.info("resumed the descent in %s at step %d", self.folder, self.step)
