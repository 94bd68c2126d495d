"""Mistakes in vortices, finders and the blocks of detection, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

SYSTEM = "tests/solvers/vortices/test_vortices.py"
COMPILED = "tests/solvers/vortices/test_compiled_finders.py"
BLOCKS = "tests/surrogates/test_detection_blocks.py"
FINDER = "tests/surrogates/test_vortex_finder.py"
JUDGING = "tests/experiments/test_vortex_finding.py"

FAULTS = (
    *planted(
        "solvers/vortices/lamb_oseen.py",
        SYSTEM,
        (
            "u -= along * turning",
            "u += along * turning",
            "test_one_vortex_is_found_within_a_cell_and_its_circulation_within_one_percent",
        ),
        (
            "shrinks = -2 * circulation",
            "shrinks = -1 * circulation",
            "test_the_slopes_are_those_of_differences",
        ),
        ("grows = 2 * circulation", "grows = 1 * circulation", "test_the_slopes_are_those_of_differences"),
    ),
    *planted(
        "solvers/vortices/gradients.py",
        SYSTEM,
        (
            "(rotation - strain) / 2",
            "(rotation - strain)",
            "test_a_turning_body_has_a_positive_q_and_a_pure_strain_a_negative_one",
        ),
        (
            "(u_x - v_y) ** 2 + (v_x + u_y) ** 2",
            "(u_x + v_y) ** 2 + (v_x + u_y) ** 2",
            "test_okubo_weiss_is_minus_four_q_where_nothing_diverges_and_else_is_not",
        ),
        (
            "(u_y, u_x), (v_y, v_x)",
            "(u_x, u_y), (v_x, v_y)",
            "test_a_turning_body_has_a_positive_q_and_a_pure_strain_a_negative_one",
        ),
    ),
    *planted(
        "solvers/vortices/circulation.py",
        SYSTEM,
        (
            "along_y * COSINES[i] - along_x * SINES[i]",
            "along_y * COSINES[i] + along_x * SINES[i]",
            "test_the_integral_around_a_circle_is_the_circulation_within_it",
        ),
        (
            "middle[0] / spacing - 0.5 + MARGIN",
            "middle[0] / spacing + MARGIN",
            "test_the_integral_around_a_circle_is_the_circulation_within_it",
        ),
    ),
    *planted(
        "solvers/vortices/splines.py",
        COMPILED,
        (
            "GAIN / (1 - POLE) * first[x]",
            "GAIN * first[x]",
            "test_splines_are_scipy_s_within_the_field_and_beyond_its_edges",
        ),
    ),
    *planted(
        "solvers/vortices/smoothing.py",
        COMPILED,
        ("field[min(y + k + 2, rows - 1)]", "field[min(y + k + 1, rows - 1)]", "test_smoothing_is_scipy_s"),
    ),
    *planted(
        "solvers/vortices/peaks.py",
        COMPILED,
        (
            "places[chosen[rank - 1], 1]] < height",
            "places[chosen[rank - 1], 1]] <= height",
            "test_the_highest_peaks_come_first_and_of_level_ones_the_earlier",
        ),
    ),
    *planted(
        "solvers/vortices/normal_equations.py",
        COMPILED,
        (
            "load(cells, cell + groups, 8) * unit",
            "fill(unit, 8)",
            "test_the_normal_equations_are_those_of_the_whole_matrix",
        ),
        (
            "(swirl - (inner + 1.0)) * over",
            "(swirl - inner) * over",
            "test_the_normal_equations_are_those_of_the_whole_matrix",
        ),
    ),
    *planted(
        "solvers/vortices/descent.py",
        COMPILED,
        (
            "rest -= total * best[3 * component + j]",
            "pass",
            "test_the_normal_equations_are_those_of_the_whole_matrix",
        ),
        (
            "first, square = 4 * k + 2, 0.0",
            "first, square = 4 * k + 3, 0.0",
            "test_the_normal_equations_are_those_of_the_whole_matrix",
        ),
    ),
    *planted(
        "solvers/vortices/fitting.py",
        COMPILED,
        (
            "CLEAR / how.stride if how.polish else CLEAR",
            "CLEAR",
            "test_what_only_all_cells_together_show_to_be_clear_is_polished_and_stays",
        ),
    ),
    *planted(
        "solvers/vortices/fitting.py",
        SYSTEM,
        (
            "if squares > left - worth:",
            "if True:",
            "test_what_the_criterion_overlooks_is_found_in_what_the_fit_leaves",
        ),
        ("if clear[worst] > least:", "if True:", "test_noise_alone_is_no_vortex_for_the_fit"),
        (
            "max(squares / max(1, shown - numbers), EXACT**2 * power / shown)",
            "squares / max(1, shown - numbers)",
            "test_one_vortex_is_found_within_a_cell_and_its_circulation_within_one_percent",
        ),
    ),
    *planted(
        "solvers/vortices/system.py",
        SYSTEM,
        (
            "self.apart * (radius[k] + radius[i])",
            "self.apart * radius[k]",
            "test_what_is_drawn_is_as_the_settings_say_and_its_own_generators",
        ),
        (
            '{"u": -(along * turning)',
            '{"u": (along * turning)',
            "test_the_residual_of_the_truth_is_the_noise_and_that_of_another_is_not",
        ),
    ),
    *planted(
        "solvers/vortices/table.py",
        SYSTEM,
        (
            "along = ((row + 0.5) / points - y) ** 2",
            "along = ((row + 0.5) / points - x) ** 2",
            "test_slots_hold_the_surest_and_cores_their_cells",
        ),
        (
            "slots[rank - 1, 0] < row[0]",
            "slots[rank - 1, 0] > row[0]",
            "test_slots_hold_the_surest_and_cores_their_cells",
        ),
    ),
    *planted(
        "surrogates/blocks/intersection_over_union.py",
        BLOCKS,
        (
            "(high - low).clamp(min=0).prod(dim=-1)\n",
            "(high - low).prod(dim=-1).clamp(min=0)\n",
            "test_overlaps_of_boxes_are_those_that_counting_cells_gives",
        ),
        (
            "torch.maximum(first, second).sum",
            "(first + second).sum",
            "test_overlaps_of_masks_are_those_that_counting_cells_gives",
        ),
    ),
    *planted(
        "surrogates/blocks/non_maximum_suppression.py",
        BLOCKS,
        (
            " & kept[..., :place]",
            "",
            "test_suppression_keeps_what_loops_keep",
        ),
        ("stable=True", "stable=False", "test_suppression_keeps_what_loops_keep"),
    ),
    *planted(
        "surrogates/blocks/detection_head.py",
        BLOCKS,
        ("corners + 0.5 + chosen", "corners + chosen", "test_reading_maps_undoes_writing_them"),
        (
            "in reversed(range(slots))",
            "in range(slots)",
            "test_of_two_in_one_cell_the_earlier_slot_stays_and_places_beyond_count_for_the_edge",
        ),
    ),
    *planted(
        "surrogates/blocks/focal_loss.py",
        BLOCKS,
        (
            "(-torch.expm1(-entropy)).pow(self.focus)",
            "torch.exp(-entropy).pow(self.focus)",
            "test_the_focal_loss_is_its_formula_and_without_focus_the_cross_entropy",
        ),
    ),
    *planted(
        "surrogates/finding_fit.py",
        FINDER,
        (
            "numbers = torch.where(odd, -numbers, numbers)",
            "pass",
            "test_in_a_mirror_vortices_and_cores_are_where_the_field_has_them",
        ),
        (
            "torch.tensor([along, across]",
            "torch.tensor([across, along]",
            "test_in_a_mirror_vortices_and_cores_are_where_the_field_has_them",
        ),
        (
            "fields.flip(1).transpose(-1, -2)",
            "fields.transpose(-1, -2)",
            "test_in_a_mirror_vortices_and_cores_are_where_the_field_has_them",
        ),
    ),
    *planted(
        "surrogates/vortex_finder.py",
        FINDER,
        (
            "places = seen.places * steps + ",
            "places = seen.places.flip(-1) * steps + ",
            "test_a_vortex_is_found_within_a_cell_and_its_core_covered",
        ),
        (
            "return (fields - fields.mean(dim=(2, 3), keepdim=True)) / self",
            "return fields / self",
            "test_who_moves_along_sees_the_same_vortices",
        ),
        (
            "torch.where(kept, seen.scores, 0.0)",
            "torch.where(kept | True, seen.scores, 0.0)",
            "test_answers_are_the_surest_first_and_one_for_each_core",
        ),
    ),
    *planted(
        "experiments/vortex_measures.py",
        JUDGING,
        (
            "cutoff * (most - least)",
            "cutoff * (least - least)",
            "test_distances_count_misses_and_false_ones_as_the_cutoff",
        ),
        (
            "free[nearest] = False",
            "free[nearest] = True",
            "test_matches_are_within_reach_one_for_each_and_the_surest_first",
        ),
        (
            "np.maximum.accumulate(precision[::-1])[::-1]",
            "precision",
            "test_average_precision_is_the_area_that_loops_find",
        ),
    ),
)
