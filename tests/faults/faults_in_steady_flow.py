"""Mistakes in the steady-flow solvers that an expert could make, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

ANSWERS = "tests/solvers/steady_flow/test_sf_answers.py"
LAWS = "tests/solvers/steady_flow/test_sf_laws.py"
TROUBLE = "tests/solvers/steady_flow/test_sf_faults.py"
GEOMETRY = "tests/solvers/steady_flow/test_sf_geometry.py"
EXPERIMENT = "tests/experiments/test_steady_flow.py"

FAULTS = (
    *planted(
        "solvers/methods/staggered_momentum.py",
        ANSWERS,
        (
            "drag += share * (grip * (here - lid) if j == rows - 1",
            "drag += share * (grip * (here - 0.5 * lid) if j == rows - 1",
            "test_between_a_wall_at_rest_and_a_moving_one_the_speed_is_the_height",
        ),
        (
            "total = inertia * (north * north - south * south + right * east - left * west)",
            "total = inertia * (north * north - south * south + right * east - right * west)",
            "test_a_manufactured_flow_is_found_to_second_order",
        ),
        (
            "total += 1 / max(here / (here - distance[k, m]), NEAREST) - 1",
            "total += 0.0",
            "test_the_cylinder_of_schaefer_and_turek",
        ),
    ),
    *planted(
        "solvers/methods/staggered_momentum.py",
        LAWS,
        (
            "fu[j, i] = total + friction * drag + share * ku[j, i] * here",
            "fu[j, i] = total + 1.001 * friction * drag + share * ku[j, i] * here",
            "test_the_equations_written_a_second_time_hold_for_the_answer",
        ),
    ),
    *planted(
        "solvers/methods/stream_function.py",
        LAWS,
        (
            "along = (self.ku[:, 1:-1] * self.u[:, 1:-1]).sum()",
            "along = (self.ku[:, 1:-1] * self.u[:, 1:-1]).clip(0).sum()",
            "test_drag_is_what_the_flow_loses_between_inflow_and_outflow",
        ),
        (
            "CAREFUL * series)",
            "0.1 * series)",
            "test_what_is_left_to_change_is_below_the_tolerance",
        ),
    ),
    *planted(
        "solvers/methods/stream_function.py",
        LAWS,
        (
            "float(np.sqrt(change / whole) / 3)",
            "float(np.sqrt(change / whole) / 30)",
            "test_halving_the_cells_quarters_the_error_and_the_estimate_knows_it",
        ),
    ),
    *planted(
        "solvers/steady_flow/system.py",
        TROUBLE,
        (
            "elif ndimage.label(~solid)[1] > 1:",
            "elif ndimage.label(~solid)[1] > 2:",
            "test_fluid_that_is_shut_in_is_refused",
        ),
    ),
    *planted(
        "solvers/steady_flow/system.py",
        LAWS,
        (
            'elif field == "lift":',
            'elif field == "up":',
            "test_a_symmetry_takes_queries_and_their_answers_to_queries_and_their_answers",
        ),
        (
            "inner, wall = values[..., -2::-1, :], values[..., -1:, :]",
            "inner, wall = values[..., :0:-1, :], values[..., -1:, :]",
            "test_a_symmetry_takes_queries_and_their_answers_to_queries_and_their_answers",
        ),
    ),
    *planted(
        "datasets/corrections.py",
        "tests/datasets/test_images.py",
        (
            "{name: values - asked[ROUGH + name] for name, values in whole.items()}",
            "dict(symmetry(outputs))",
            "test_corrections_of_images_lead_from_their_own_rough_answers_to_their_truth",
        ),
    ),
    *planted(
        "solvers/steady_flow/geometry.py",
        TROUBLE,
        (
            "-least[1:].max(initial=-np.inf)",
            "-least[1:].min(initial=np.inf)",
            "test_a_thin_body_beside_a_thick_one_is_refused",
        ),
        (
            "near = distance < 0.5 * spacing",
            "near = distance < 0",
            "test_the_pieces_of_a_pointed_tail_are_no_thin_bodies",
        ),
    ),
    *planted(
        "solvers/steady_flow/geometry.py",
        GEOMETRY,
        (
            "inside = not inside",
            "inside = True",
            "test_the_distance_to_a_turned_square_is_negative_within",
        ),
    ),
    *planted(
        "solvers/methods/nested_dissection.py",
        "tests/solvers/methods/test_nested_dissection.py",
        (
            " | (place == pivots)",
            "",
            "test_it_solves_as_a_general_sparse_solver_does",
        ),
    ),
    *planted(
        "solvers/methods/multifrontal.py",
        "tests/solvers/methods/test_nested_dissection.py",
        (
            "before[i, j] = -beside[i, j]",
            "before[i, j] = beside[i, j]",
            "test_it_solves_as_a_general_sparse_solver_does",
        ),
    ),
    *planted(
        "solvers/steady_flow/steady_solver.py",
        ANSWERS,
        (
            "0.0 if side else 0.5 for side in sides",
            "0.5 for side in sides",
            "test_the_cylinder_of_schaefer_and_turek",
        ),
    ),
    *planted(
        "solvers/steady_flow/own_shapes.py",
        TROUBLE,
        (
            "opaque = grey[..., 3] if grey.shape[2] == 4 else 1.0",
            "opaque = 1.0",
            "test_an_image_becomes_a_distance",
        ),
    ),
    *planted(
        "experiments/bench_steady_flow_mesh.py",
        "tests/experiments/test_bench_steady_flow_peers.py",
        (
            "        inner.sort()\n",
            "",
            "test_inner_edges_are_in_the_order_that_openfoam_wants",
        ),
    ),
    *planted(
        "solvers/methods/nested_dissection.py",
        "tests/solvers/methods/test_nested_dissection.py",
        (
            "for r in (r0 - 1, r1):",
            "for r in (r0 - 1,):",
            "test_it_solves_as_a_general_sparse_solver_does",
        ),
    ),
    *planted(
        "solvers/steady_flow/held.py",
        LAWS,
        (
            "found[nodes] = means[bodies[nodes] - 1]",
            "found[nodes] = means.mean()",
            "test_two_bodies_are_held_each_at_its_own_value",
        ),
        (
            "found[:, -1] = 1.0",
            "found[:, -1] = found[:, -2]",
            "test_a_stream_function_that_is_held_makes_a_flow_that_keeps_all_fluid_and_slips_nowhere",
        ),
        (
            "return (psi - below) / system.spacing, (left - psi) / system.spacing",
            "return (psi - below) / system.spacing, (psi - left) / system.spacing",
            "test_velocities_of_a_solver_s_stream_function_are_the_solver_s",
        ),
    ),
    *planted(
        "solvers/steady_flow/forces.py",
        LAWS,
        (
            "drag -= nu * h * (slopes.sum(axis=-1) - 0.5 * slopes[..., -1])",
            "drag -= 0.5 * nu * h * (slopes.sum(axis=-1) - 0.5 * slopes[..., -1])",
            "test_the_fields_alone_tell_the_forces",
        ),
        (
            "lift -= h * (corner * v[..., 1:-1, -1]).sum(axis=-1)",
            "lift += h * (corner * v[..., 1:-1, -1]).sum(axis=-1)",
            "test_the_fields_alone_tell_the_forces",
        ),
    ),
    *planted(
        "experiments/flow_measures.py",
        EXPERIMENT,
        (
            "return (distance > 0) & (distance < NEAR)",
            "return distance > 0",
            "test_near_the_wall_only_what_is_near_counts",
        ),
        (
            "found[name] = np.abs(said[name][:, 0] - true[name][:, 0]) / drag",
            "found[name] = np.abs(said[name][:, 0] - true[name][:, 0]) / np.abs(true[name][:, 0])",
            "test_errors_are_relative_and_each_names_its_own",
        ),
    ),
    *planted(
        "experiments/steady_flow_comparison.py",
        EXPERIMENT,
        (
            "return [f for i, f in enumerate(every) if i not in lost] + [every[i] for i in failed]",
            "return every",
            "test_each_shape_keeps_its_family_where_others_failed",
        ),
    ),
    *planted(
        "surrogates/field_fit.py",
        "tests/surrogates/test_field_scaling.py",
        (
            "total = total + (one if group[0] == 0 else others * one)",
            "total = total + one",
            "test_the_loss_is_what_the_settings_say",
        ),
        (
            "tall, wide = ((0, 0, 1, 0), (1, 0)) if known else ((0, 0), (0, 0))",
            "tall, wide = ((0, 0), (0, 0))",
            "test_the_loss_is_what_the_settings_say",
        ),
    ),
    *planted(
        "experiments/steady_flow_findings.py",
        EXPERIMENT,
        (
            '"lost": int((cold.solved & ~warm.solved).sum()),',
            '"lost": 0,',
            "test_a_true_guess_saves_nearly_all_steps_and_a_worthless_one_is_counted",
        ),
    ),
    *planted(
        "datasets/corrections.py",
        "tests/datasets/test_corrections.py",
        (
            "outputs[name] = (self._read(place, 0, name) - self.rough[name][place])[None]",
            "outputs[name] = self._read(place, 0, name)[None]",
            "test_pairs_show_the_cheap_answer_and_ask_for_what_it_lacks",
        ),
        (
            "self.solved = np.flatnonzero(said.solved)",
            "self.solved = np.arange(len(said.status))",
            "test_what_the_cheap_solver_cannot_answer_is_not_learned_and_not_answered",
        ),
    ),
    *planted(
        "surrogates/field_scaling.py",
        "tests/surrogates/test_field_scaling.py",
        (
            "wide = (1 - part) * wide.narrow(dim, 0, points) + part * wide.narrow(dim, 1, points)",
            "wide = wide.narrow(dim, 0, points)",
            "test_an_edge_can_be_taken_between_points",
        ),
        (
            "scale[:] = np.sqrt((scale**2).mean())",
            "pass",
            "test_components_of_one_vector_have_one_unit",
        ),
    ),
    *planted(
        "surrogates/blocks/axial_mixing.py",
        "tests/surrogates/test_blocks.py",
        (
            "return mixed.reshape(channels, batch, columns, rows).permute(1, 0, 3, 2).contiguous()",
            "return mixed.reshape(channels, batch, rows, columns).transpose(0, 1).contiguous()",
            "test_axial_mixing_is_a_matrix_along_each_axis_for_each_channel",
        ),
    ),
)
