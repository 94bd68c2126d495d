"""Mistakes of the numerics that an expert could make, each with the test that must notice it."""

from fault import planted

__all__ = ["FAULTS"]

CUBES = "tests/solvers/allen_cahn/test_allen_cahn.py"

FAULTS = (
    *planted(
        "solvers/methods/compiled.py",
        "tests/solvers/methods/test_compiled.py",
        ("fcntl.LOCK_EX", "fcntl.LOCK_SH", "test_loading_and_saving_wait_for_whoever_holds_the_lock"),
        (
            "fcntl.flock(file, fcntl.LOCK_EX)",
            "pass",
            "test_several_processes_at_once_leave_every_signature_with_its_own_code",
        ),
        (
            "tuple(map(types.unliteral, arguments))",
            "arguments",
            "test_a_constant_is_no_reason_to_compile_once_more",
        ),
    ),
    *planted(
        "solvers/methods/exponential_codelets.py",
        CUBES,
        ("u * u * u if plan.cubed else u * u", "u * u", "test_the_two_engines_agree_on_cubes"),
    ),
    *planted(
        "solvers/methods/lane_fourier.py",
        CUBES,
        ("u * u * u if cubed else u * u", "u * u", "test_the_two_engines_agree_on_cubes"),
    ),
    *planted(
        "solvers/methods/lane_exponential.py",
        CUBES,
        ("power = 3 if build.cubed else 2", "power = 2", "test_the_two_engines_agree_on_cubes"),
    ),
    *planted(
        "solvers/methods/extrapolated.py",
        "tests/solvers/methods/test_extrapolated.py",
        (
            "/ (2**self.order - 1)",
            "/ (2**self.order)",
            "test_an_error_of_second_order_is_taken_away_and_its_size_is_told",
        ),
    ),
    *planted(
        "solvers/methods/lane_exponential.py",
        "tests/solvers/methods/test_lane_exponential.py",
        (
            "state[:, -1] = 0.0",
            "pass",
            "test_how_many_groups_run_at_a_time_changes_no_bit_not_even_of_what_is_carried",
        ),
    ),
    *planted(
        "solvers/methods/exponential_kernels.py",
        "tests/solvers/methods/test_lane_exponential.py",
        (
            """                place = linear + frame % nonlinear
                _spectral""",
            """                place = linear
                _spectral""",
            "test_multistep_agrees_with_numpy_for_every_size",
        ),
    ),
    *planted(
        "solvers/methods/exponential_codelets.py",
        "tests/solvers/methods/test_lane_exponential.py",
        ("stage.type(REMEMBER))", "stage.type(LOAD))", "test_multistep_agrees_with_numpy_for_every_size"),
        (
            "if not self.build.linear:\n            index = self.step",
            "if not self.build.linear:\n            index = self.step.type(0)",
            "test_multistep_agrees_with_numpy_for_every_size",
        ),
    ),
    *planted(
        "solvers/kuramoto_sivashinsky/exact.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_laws.py",
        (
            "wavenumber**2 - wavenumber**4",
            "wavenumber**4 - wavenumber**2",
            "test_a_small_wave_grows_or_decays_at_its_known_rate",
        ),
    ),
    *planted(
        "solvers/methods/fourier.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_system.py",
        (
            "(1j * wavenumbers",
            "(-1j * wavenumbers",
            "test_the_spectral_derivative_of_a_wave_is_exact_off_the_unit_scale",
        ),
        ("*= 0.5 if points > old else 2.0", "*= 1.0", "test_resampling_a_wave_gives_the_wave"),
        ("(spectrum.real.dtype.type(points) / old)", "1", "test_resampling_a_wave_gives_the_wave"),
    ),
    *planted(
        "solvers/kuramoto_sivashinsky/lyapunov.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_lyapunov.py",
        (
            "abs(float(exponents[whole]))",
            "abs(float(exponents[whole - 1]))",
            "test_the_short_measurement_at_22_is_within_its_spread",
        ),
        ("u[:, 1:] *= 2 * base", "u[:, 1:] *= base", "test_the_short_measurement_at_22_is_within_its_spread"),
        (
            "growth / (turns * steps * step)",
            "growth / (turns * steps)",
            "test_about_the_state_of_rest_the_exponents_are_the_growth_rates",
        ),
    ),
    *planted(
        "solvers/methods/spectral_recipe.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_answers.py",
        (
            "np.where(on, nearest, np.floor(position))",
            "np.floor(position)",
            "test_a_time_that_is_a_step_but_for_rounding_is_that_step",
        ),
    ),
    *planted(
        "solvers/methods/spectral_system.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_answers.py",
        ("return -(-points // 3) if", "return points // 2 if", "test_dealiasing_keeps_the_upper_third_empty"),
    ),
    *planted(
        "solvers/methods/spectral_system.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_laws.py",
        (
            "return -0.5j * wavenumber",
            "return -1j * wavenumber",
            "test_an_independent_stiff_integrator_agrees",
        ),
        (
            "system.growth(k, own)",
            "0.5 * system.growth(k, own)",
            "test_a_small_wave_grows_or_decays_at_its_known_rate",
        ),
        ("* points / 2", "* points", "test_an_independent_stiff_integrator_agrees"),
    ),
    *planted(
        "solvers/kuramoto_sivashinsky/reference.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_reference.py",
        (
            "values[estimate > self.tolerance] = np.nan",
            "pass",
            "test_beyond_what_arithmetic_allows_it_says_so",
        ),
        (
            "np.maximum.accumulate(np.where(",
            "np.asarray(np.where(",
            "test_the_estimate_covers_the_error_without_being_wild",
        ),
        (
            "relative = np.divide(difference, scale, out=difference.copy(), where=scale > 0)",
            "relative = difference",
            "test_the_estimate_is_twice_the_largest_difference_of_its_runs",
        ),
    ),
    *planted(
        "solvers/methods/spectral_solver.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_answers.py",
        (
            "wide = np.result_type(self.dtype, np.float64)",
            "wide = np.dtype(np.float32)",
            "test_other_points_answer_on_the_grid_of_the_system",
        ),
        (
            "values[~known] = np.nan",
            "pass",
            "test_nothing_is_answered_after_the_first_number_that_is_not_finite",
        ),
    ),
    *planted(
        "solvers/kuramoto_sivashinsky/statistics.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_laws.py",
        (
            "power[..., 1:-1] *= 2",
            "power[..., 1:] *= 2",
            "test_the_power_spectrum_adds_up_and_does_not_depend_on_the_grid",
        ),
        (".mean(axis=-1) / 2,", ".mean(axis=-1),", "test_the_energy_budget_closes"),
    ),
    *planted(
        "solvers/methods/spectral_system.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_laws.py",
        (
            "self.growth(k, number) * spectrum",
            "k**2 * spectrum",
            "test_the_residual_of_a_solution_falls_with_the_fourth_power_of_the_interval",
        ),
        (
            "- self.nonlinear(u, slope) - linear - forcing",
            "- 2 * self.nonlinear(u, slope) - linear - forcing",
            "test_the_residual_of_a_solution_falls_with_the_fourth_power_of_the_interval",
        ),
        (
            "- self.nonlinear(u, slope) - linear - forcing",
            "- self.nonlinear(u, slope) - linear + forcing",
            "test_the_residual_of_a_solution_falls_with_the_fourth_power_of_the_interval",
        ),
        (
            "wave * np.arange(points) / points",
            "wave * np.arange(points) / (points - 1)",
            "test_the_residual_of_a_solution_falls_with_the_fourth_power_of_the_interval",
        ),
    ),
    *planted(
        "solvers/kuramoto_sivashinsky/system.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_reference.py",
        (
            "return 1 / self.lyapunov_exponent",
            "return self.lyapunov_exponent",
            "test_compensation_takes_most_of_the_round_off_away",
        ),
    ),
    *planted(
        "solvers/kuramoto_sivashinsky/system.py",
        "tests/solvers/kuramoto_sivashinsky/test_ks_system.py",
        (
            "np.sqrt(waves)\n",
            "waves\n",
            "test_random_states_are_smooth_have_no_mean_and_are_the_same_function_on_every_grid",
        ),
    ),
)
