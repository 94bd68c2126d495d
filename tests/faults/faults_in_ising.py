"""Mistakes in the Ising model and in machines that draw, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

MODEL = "tests/solvers/ising/test_ising.py"
BLOCK = "tests/surrogates/test_restricted_boltzmann_machine.py"
MACHINE = "tests/surrogates/test_boltzmann_machine.py"

FAULTS = (
    *planted(
        "solvers/ising/exact.py",
        MODEL,
        (
            "slope**2 * sinh + bend * cosh)",
            "slope**2 * sinh)",
            "test_derivatives_are_those_of_the_sum_at_the_critical_temperature_too",
        ),
        (
            "cosh, sinh = 1 + left, np.sign(x) * (1 - left)",
            "cosh, sinh = 1 + left, 1 - left",
            "test_kaufmans_sum_is_the_enumeration",
        ),
        (
            "odd = _powers(k, np.arange(1, 2 * n, 2)",
            "odd = _powers(k, np.arange(1, 2 * m, 2)",
            "test_kaufmans_sum_is_the_enumeration",
        ),
        (
            "total[2] / total[0] - mean**2",
            "total[2] / total[0]",
            "test_the_partition_function_on_3_by_3_is_the_sum_over_its_512_configurations",
        ),
    ),
    *planted(
        "solvers/ising/exact.py",
        MODEL,
        (
            "status = np.where(error < WORST, Status.SOLVED, Status.NOT_CONVERGED)",
            "status = np.where(error < np.inf, Status.SOLVED, Status.NOT_CONVERGED)",
            "test_kaufmans_sum_knows_how_much_of_it_round_off_took",
        ),
    ),
    *planted(
        "surrogates/reweighting.py",
        "tests/surrogates/test_reweighting.py",
        (
            "seen - (factors + free).logsumexp(dim=0)",
            "seen - (factors + 0.5 * free).logsumexp(dim=0)",
            "test_the_density_explains_every_count_and_splitting_a_sample_changes_nothing",
        ),
        (
            "found = -(density + factors).logsumexp(dim=1, keepdim=True)",
            "found = torch.zeros_like(free)",
            "test_of_two_temperatures_it_gives_those_between_that_neither_tells_alone",
        ),
        (
            "heat = variance / temperatures**2",
            "heat = variance / temperatures",
            "test_of_all_configurations_evenly_it_knows_every_temperature",
        ),
        (
            "spins.roll(1, dims=axis)).sum(dim=tuple(axes))",
            "spins.roll(2, dims=axis)).sum(dim=tuple(axes))",
            "test_energies_are_sums_over_bonds",
        ),
    ),
    *planted(
        "datasets/observed_copies.py",
        "tests/surrogates/test_reweighting.py",
        (
            "return {name: values[0] for name, values in found.items()}",
            "return {name: values[0] * 2 for name, values in found.items()}",
            "test_tables_of_copies_are_what_is_observed_of_them",
        ),
    ),
    *planted(
        "solvers/ising/sampling.py",
        MODEL,
        (
            "if cost < 0 or random.random() < chances[cost]:",
            "if cost < 0 or random.random() < chances[abs(cost) // 2]:",
            "test_samplers_visit_every_energy_as_often_as_boltzmann_says",
        ),
        (
            "chances[0] = 0.9",
            "chances[0] = 1.0",
            "test_samplers_visit_every_energy_as_often_as_boltzmann_says",
        ),
        (
            "chance = 1.0 - np.exp(-2.0 / temperature)",
            "chance = 1.0 - np.exp(-1.0 / temperature)",
            "test_samplers_visit_every_energy_as_often_as_boltzmann_says",
        ),
        (
            "energy += 2 * cost",
            "energy += cost",
            "test_what_is_measured_is_what_is_observed_of_the_configurations",
        ),
    ),
    *planted(
        "solvers/ising/solvers.py",
        MODEL,
        ("spins[:] = 1", "spins[:] = 1 if i == 0 else spins", "test_an_answer_depends_on_its_query_alone"),
        (
            "if self.system.rows % 2 or self.system.columns % 2:",
            "if self.system.rows % 2:",
            "test_lattices_and_settings_that_make_no_sense_are_refused",
        ),
    ),
    *planted(
        "solvers/ising/system.py",
        MODEL,
        (
            "if (temperature <= 0).any():",
            "if (temperature < 0).any():",
            "test_queries_that_make_no_sense_are_refused_by_name",
        ),
        (
            "+ np.roll(spins, 1, axis=-2)",
            "+ np.roll(spins, -1, axis=-1)",
            "test_kaufmans_sum_is_the_enumeration",
        ),
    ),
    *planted(
        "surrogates/blocks/restricted_boltzmann_machine.py",
        BLOCK,
        (
            "self.coupling.sum(dim=(-2, -1)) - self.visible.sum(dim=-1)",
            "self.coupling.sum(dim=(-2, -1)) + self.visible.sum(dim=-1)",
            "test_the_free_energy_is_scikit_learns",
        ),
        (
            "random < torch.sigmoid(2 * field)",
            "random < torch.sigmoid(field)",
            "test_gibbs_sampling_visits_every_state_as_often_as_the_free_energy_says",
        ),
        (
            "self.free_energy(data).mean() - self.free_energy(drawn).mean()",
            "self.free_energy(data).mean() - 0.5 * self.free_energy(drawn).mean()",
            "test_the_gradient_is_that_of_the_likelihood_where_copies_come_as_often_as_they_should",
        ),
        (
            "% torch.tensor(tuple(grid))",
            "% torch.tensor(tuple(grid)[::-1])",
            "test_shared_weights_are_the_same_after_every_shift",
        ),
        (
            "BoltzmannWeights(self.hidden, self.visible, self.coupling.mT)",
            "BoltzmannWeights(self.visible, self.hidden, self.coupling)",
            "test_free_energy_and_partition_function_are_sums_over_all_states",
        ),
    ),
    *planted(
        "surrogates/boltzmann_fit.py",
        MACHINE,
        (
            "self.chains[there] = drawn.to(torch.int8)",
            "pass",
            "test_chains_move_only_where_it_is_their_turn_and_are_their_own",
        ),
        (
            'return {"chains": self.chains}',
            "return {}",
            "test_an_interrupted_training_goes_on_with_its_chains",
        ),
    ),
    *planted(
        "surrogates/boltzmann_machine.py",
        MACHINE,
        (
            "torch.Generator().manual_seed(int(seed))",
            "torch.Generator().manual_seed(0)",
            "test_other_numbers_of_draws_begin_alike_and_seeds_differ",
        ),
        (
            "_refuse_not_positive(asked, self.condition)",
            "pass",
            "test_what_cannot_be_learned_or_asked_is_refused",
        ),
    ),
    *planted(
        "datasets/configurations.py",
        MACHINE,
        (
            "{name: values[i : i + 1] for name, values in given.items()}",
            "{name: values[:1] for name, values in given.items()}",
            "test_the_task_observes_what_was_drawn",
        ),
    ),
    *planted(
        "experiments/ising_comparison.py",
        "tests/experiments/test_ising.py",
        (
            "np.where(np.isfinite(errors), errors, np.inf)",
            "errors",
            "test_an_error_of_one_observable_knows_nothing_of_the_other",
        ),
    ),
)
