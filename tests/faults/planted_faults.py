"""Mistakes that a physicist or a numericist could make, and the tests that must notice them."""

from typing import NamedTuple

__all__ = ["FAULTS", "Fault"]


class Fault(NamedTuple):
    """In `file`, `right` (which occurs once) becomes `wrong`; then something in `tests` must fail."""

    file: str
    right: str
    wrong: str
    tests: str


SYSTEM = "solvers/kuramoto_sivashinsky/system.py"
LYAPUNOV = "solvers/kuramoto_sivashinsky/lyapunov.py"
REFERENCE = "solvers/kuramoto_sivashinsky/reference.py"
EQUATION = "tests/solvers/kuramoto_sivashinsky"
COMPARE, VERDICT = "experiments/compare.py", "experiments/verdict.py"
ENVELOPE, METRICS = "experiments/envelope.py", "experiments/metrics.py"
COMPARED = "tests/experiments/test_compare.py"
MEASURED = "tests/experiments/test_metrics.py"
BOUNDED = "tests/experiments/test_envelope.py"
TASKS, TASKED = "datasets/tasks.py", "tests/datasets/test_tasks.py"
STEPPED = "tests/surrogates/test_steppers_learn.py"
TRAINED = "tests/surrogates/test_training.py"

FAULTS = (
    # the physics
    Fault(SYSTEM, "(k**4 - k**2) * spectrum", "(k**4 + k**2) * spectrum", EQUATION),
    Fault(SYSTEM, "+ u * slope + linear - forcing", "+ 2 * u * slope + linear - forcing", EQUATION),
    Fault(SYSTEM, "+ u * slope + linear - forcing", "+ u * slope + linear + forcing", EQUATION),
    Fault(SYSTEM, "return 1 / self.lyapunov_exponent", "return self.lyapunov_exponent", EQUATION),
    Fault(SYSTEM, "np.sqrt(waves)\n", "waves\n", EQUATION),
    Fault(LYAPUNOV, "abs(float(exponents[whole]))", "abs(float(exponents[whole - 1]))", EQUATION),
    Fault(REFERENCE, "values[estimate > self.tolerance] = np.nan", "pass", EQUATION),
    Fault(REFERENCE, "np.maximum.accumulate(np.where(", "np.asarray(np.where(", EQUATION),
    # how accuracy is measured
    Fault(METRICS, "beyond = errors > threshold", "beyond = errors < threshold", MEASURED),
    Fault(METRICS, "return result / characteristic_time", "return result * characteristic_time", MEASURED),
    Fault(METRICS, "times[k - 1] + share", "times[k] + share", MEASURED),
    Fault(METRICS, "result[i] = times[known[i] - 1]", "result[i] = times[-1]", MEASURED),
    Fault(METRICS, "np.isfinite(errors), errors, np.inf)", "np.isfinite(errors), errors, 0.0)", MEASURED),
    Fault(METRICS, "np.sqrt(difference / points) / size", "np.sqrt(difference) / size", MEASURED),
    # how it is compared
    Fault(COMPARE, "counted = plan.counted\n", "counted = slice(None)\n", COMPARED),
    Fault(COMPARE, "return float(np.median(self.scores))", "return float(np.mean(self.scores))", COMPARED),
    Fault(COMPARE, "return self.data + self.training + self.tuning", "return self.training", COMPARED),
    Fault(
        VERDICT,
        "speed_up=solver.seconds / seconds if skill",
        "speed_up=seconds / solver.seconds if skill",
        COMPARED,
    ),
    Fault(
        VERDICT,
        "naive=references[0].seconds(mode) / seconds",
        "naive=solver.seconds / seconds",
        COMPARED,
    ),
    Fault(VERDICT, "skill = all(", "skill = any(", COMPARED),
    Fault(VERDICT, 'if row.kind == "ladder"]\n    return Envelope', "]\n    return Envelope", COMPARED),
    Fault(
        ENVELOPE,
        "np.interp(quality, self.quality, np.log(self.seconds))",
        "np.log(self.seconds[-1])",
        BOUNDED,
    ),
    Fault(
        ENVELOPE,
        'return Cost(float(self.seconds[-1]), ">=")',
        'return Cost(float(self.seconds[-1]), "=")',
        BOUNDED,
    ),
    Fault(ENVELOPE, "gain = solver.seconds - surrogate", "gain = solver.seconds", BOUNDED),
    # data
    Fault(TASKS, "steps[later] // every - 1]", "steps[later] // every - 2]", TASKED),
    Fault(TASKS, "self.interval = interval * stride", "self.interval = interval", TASKED),
    Fault(TASKS, "known[:, known.shape[1] - frames :]", "known[:, :frames]", TASKED),
    Fault("datasets/statistics.py", 'name="train") as split', 'name="test") as split', "tests/datasets"),
    Fault(
        "datasets/statistics.py",
        "+ shift**2 * (self.count * count / total)",
        "+ shift**2 * (count / total)",
        "tests/datasets",
    ),
    Fault(
        "datasets/durable.py",
        "temporary.replace(path)\n    except",
        "path.write_bytes(content)\n    except",
        "tests/datasets",
    ),
    # learning
    Fault("surrogates/rollout.py", "window[:, step]) / scale", "window[:, step - 1]) / scale", STEPPED),
    Fault("surrogates/linear_part.py", "conserved, 0] = 0.0", "conserved, 0] = 1.0", STEPPED),
    Fault(
        "surrogates/training_run.py", "_generator(self.seed, 0, epoch)", "_generator(0, 0, epoch)", TRAINED
    ),
    Fault(
        "surrogates/training_run.py",
        "if not self.errors or error < min",
        "if not self.errors or error > min",
        TRAINED,
    ),
    Fault(
        "surrogates/surrogate.py",
        "if fingerprint is not None and card",
        "if False and card",
        "tests/surrogates/test_save_load.py",
    ),
    Fault(
        "surrogates/climatology.py",
        ".mean(axis=0) for i in range(len(examples))",
        ".mean(axis=0) for i in range(1)",
        "tests/surrogates/test_null_models.py",
    ),
    Fault(
        "surrogates/ridge.py", "diagonal += ridge", "diagonal += ridge**2", "tests/surrogates/test_ridge.py"
    ),
    Fault("surrogates/soap.py", '/ (1 - self.momentum ** state["steps"])', "", TRAINED),
)
