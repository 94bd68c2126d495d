"""Mistakes in networks of coordinates that learn from equations, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

ANSWERS = "tests/surrogates/test_pinn_answers.py"
OBJECTIVE = "tests/surrogates/test_pinn_objective.py"
SCHEDULE = "tests/surrogates/test_pinn_schedule.py"
TRAINING = "tests/surrogates/test_pinn_training.py"
WEIGHTS = "tests/surrogates/test_pinn_weights.py"

FAULTS = (
    *planted(
        "surrogates/pinn.py",
        ANSWERS,
        (
            "given.shape[1:] != learned.shape[1:] or not",
            "given.shape[1:] != learned.shape[1:] and not",
            "test_it_refuses_to_be_asked_for_another_query_or_time",
        ),
    ),
    *planted(
        "surrogates/pinn_grid.py",
        ANSWERS,
        (
            "for trajectory in range(trajectories):",
            "for trajectory in range(pairs.trajectories):",
            "test_equations_and_answers_are_learned_together",
        ),
    ),
    *planted(
        "datasets/known_equations.py",
        ANSWERS,
        (
            'asked = source if self.numbers else training_set.split("test")',
            "asked = source",
            "test_the_query_is_the_first_of_the_test_split",
        ),
    ),
    *planted(
        "surrogates/pinn_best.py",
        "tests/surrogates/test_pinn_best.py",
        (
            "self._objective.place if self.loss() < best else place",
            "self._objective.place if self.loss() > best else place",
            "test_of_two_the_better_is_answered_with_and_what_is_not_kept_does_not_stay",
        ),
        (
            "if not loss <= LOST * least:",
            "if False:",
            "test_what_is_beyond_all_measure_is_not_kept",
        ),
        (
            "[-LATEST:]",
            "",
            "test_what_was_good_long_ago_is_forgotten",
        ),
        (
            "weights.get(n, 1.0) * float(",
            "float(",
            "test_its_loss_is_that_of_all_terms_at_more_points_of_its_own",
        ),
        (
            "terms[EQUATIONS] = equation_term(network, EQUATIONS, problem.equations, places)",
            "terms[EQUATIONS] = objective.terms[EQUATIONS]",
            "test_its_loss_is_that_of_all_terms_at_more_points_of_its_own",
        ),
    ),
    *planted(
        "surrogates/pinn_training.py",
        "tests/surrogates/test_pinn_best.py",
        (
            "            self.objective.place = self.best.or_as_they_are()\n        return history",
            "        return history",
            "test_a_descent_that_ends_worse_answers_with_what_was_better",
        ),
        (
            "self.newton.go_to(self.objective.place)",
            "pass",
            "test_a_network_that_is_lost_goes_on_from_where_it_was_best",
        ),
        (
            'self.best.resume(parts["best"], numbers["best"])',
            "pass",
            "test_the_best_weights_survive_a_run_that_was_killed",
        ),
        (
            "if not self.best.keep():",
            "if False:",
            "test_a_descent_that_ends_worse_answers_with_what_was_better",
        ),
        (
            "here, self.objective.place = self.objective.place, self.best.or_as_they_are()",
            "here = self.objective.place",
            "test_what_it_would_have_answered_with_never_gets_worse_elsewhere",
        ),
    ),
    *planted(
        "surrogates/pinn_objective.py",
        "tests/surrogates/test_pinn_numbers.py",
        (
            "self.network.held = refreshes < self.settings.hold",
            "self.network.held = refreshes <= self.settings.hold",
            "test_nothing_is_learned_of_a_number_that_is_held_and_all_else_is",
        ),
        (
            'self._count(numbers["refreshes"])',
            'self.refreshes = numbers["refreshes"]',
            "test_a_run_that_is_taken_up_again_holds_as_long_as_was_left",
        ),
    ),
    *planted(
        "surrogates/pinn_uncertainty.py",
        "tests/surrogates/test_pinn_numbers.py",
        (
            "dataclasses.replace(pinn.settings.loss, hold=0)",
            "pinn.settings.loss",
            "test_an_error_bar_is_of_numbers_that_move",
        ),
    ),
    *planted(
        "surrogates/pinn_precision.py",
        "tests/surrogates/test_pinn.py",
        (
            "if loss > FLOOR * floor:",
            "if loss < FLOOR * floor:",
            "test_single_precision_that_holds_the_loss_up_is_noted",
        ),
    ),
    *planted(
        "surrogates/pinn_loss.py",
        OBJECTIVE,
        (
            "* (0.5 * bounds.length) ** orders[i]",
            "* 1.0",
            "test_the_ends_of_a_ring_are_compared_below_the_highest_derivative",
        ),
    ),
    *planted(
        "surrogates/pinn_objective.py",
        OBJECTIVE,
        (
            "clamp_min(1e-300) + 1\n",
            "clamp_min(1e-300)\n",
            "test_points_are_drawn_to_where_the_residual_is_large",
        ),
    ),
    *planted(
        "surrogates/pinn_descent_settings.py",
        SCHEDULE,
        (
            "share = min(1.0, max(step / self.first_steps, spent))",
            "share = min(1.0, max(step / self.steps, spent))",
            "test_adam_before_another_has_a_schedule_of_its_own",
        ),
    ),
    *planted(
        "surrogates/pinn_training.py",
        TRAINING,
        (
            "self.newton.changed()",
            "self.newton.value += 0.0",
            "test_a_run_that_was_killed_goes_on_as_if_it_had_not_been",
        ),
        (
            'self.objective.resume(parts["objective"], numbers["objective"])',
            "self.objective.refresh()",
            "test_a_run_that_was_killed_goes_on_as_if_it_had_not_been",
        ),
    ),
    *planted(
        "surrogates/pinn_weights.py",
        WEIGHTS,
        (
            "torch.cumsum(means, 0) - means",
            "torch.cumsum(means, 0)",
            "test_causal_weights_fall_with_what_is_not_solved_before",
        ),
        (
            "** 2 / len(signs[0]) / PROBES",
            "** 2 / PROBES",
            "test_kernels_have_the_same_mean_diagonal_once_they_are_weighed",
        ),
    ),
)
