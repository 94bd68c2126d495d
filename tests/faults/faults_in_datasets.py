"""Mistakes in making and reading data that an expert could make, each with the test that must notice it."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "datasets/durable.py",
        "tests/datasets/test_generation_faults.py",
        (
            "temporary.replace(path)\n    except",
            "path.write_bytes(content)\n    except",
            "test_a_file_is_on_the_disk_before_it_has_its_name",
        ),
        (
            "            os.fsync(file.fileno())\n            file.seek(0)",
            "            file.seek(0)",
            "test_a_file_is_on_the_disk_before_it_has_its_name",
        ),
    ),
    *planted(
        "datasets/plan.py",
        "tests/datasets/test_generation.py",
        ("spawn_key=(split, self.first + i)", "spawn_key=(split, i)", "test_no_two_samples_are_alike"),
        ("spawn_key=(split, self.first + i)", "spawn_key=(self.first + i,)", "test_no_two_samples_are_alike"),
        (
            "SeedSequence(entropy=seed,",
            "SeedSequence(entropy=0,",
            "test_another_seed_gives_other_trajectories",
        ),
        (
            "self.interval * np.arange(self.frames(split)",
            "self.interval * np.arange(1, 1 + self.frames(split)",
            "test_the_time_axis_starts_at_zero_whatever_the_transient",
        ),
    ),
    *planted(
        "datasets/schema.py",
        "tests/datasets/test_failed_samples.py",
        (
            "kept = values[field.name][solved]",
            "kept = values[field.name]",
            "test_failed_samples_are_kept_apart_with_query_and_status",
        ),
        (
            "part = values.pop(name)[~solved]",
            "part = values.pop(name)[: len(solved) - solved.sum()]",
            "test_what_is_known_of_a_failed_sample_is_kept_and_the_rest_is_nan",
        ),
    ),
    *planted(
        "datasets/schema.py",
        "tests/datasets/test_generation.py",
        (
            "stored = values.astype(plan.settings.dtype, copy=False)",
            "stored = values.astype('float32').astype(plan.settings.dtype)",
            "test_every_value_is_the_solvers_after_the_transient",
        ),
    ),
    *planted(
        "datasets/shards.py",
        "tests/datasets/test_generation.py",
        (
            "plan.settings.transient + plan.settings.times(shard.split)",
            "plan.settings.times(shard.split)",
            "test_every_value_is_the_solvers_after_the_transient",
        ),
        (
            "_warm_up(solver, plan, queries=queries)\n    times",
            "times",
            "test_compiling_is_not_in_the_cost",
        ),
    ),
    *planted(
        "datasets/split.py",
        "tests/datasets/test_training_set.py",
        ("values[::step]", "values[step - 1 :: step]", "test_a_window_is_the_same_slice_of_the_whole"),
        (
            "for name in self._plan.query",
            "for name in self._fields",
            "test_a_query_does_not_hand_over_the_answer",
        ),
    ),
    *planted(
        "datasets/statistics.py",
        "tests/datasets/test_file_layout.py",
        (
            'name="train") as split',
            'name="test") as split',
            "test_statistics_are_those_of_all_train_values_at_once",
        ),
        (
            "+ shift**2 * (self.count * count / total)",
            "+ shift**2 * (count / total)",
            "test_statistics_are_those_of_all_train_values_at_once",
        ),
        (
            "np.sqrt(self.deviations / count)",
            "np.sqrt(self.deviations / (count - 1))",
            "test_statistics_are_those_of_all_train_values_at_once",
        ),
        (
            "np.diff(frames.astype(np.float64, copy=False), axis=0)",
            "np.diff(frames.astype(np.float64, copy=False), axis=1)",
            "test_statistics_are_those_of_all_train_values_at_once",
        ),
    ),
    *planted(
        "datasets/tasks.py",
        "tests/datasets/test_tasks.py",
        (
            "seconds / max(1, samples)",
            "seconds / samples",
            "test_where_nothing_is_asked_nothing_is_answered",
        ),
        (
            "steps[later] // every - 1]",
            "steps[later] // every - 2]",
            "test_a_forecaster_answers_like_a_solver",
        ),
        (
            "known[:, known.shape[1] - frames :]",
            "known[:, :frames]",
            "test_memory_is_read_from_the_history_and_only_its_end",
        ),
        (
            "np.where(finite, Status.SOLVED, Status.DIVERGED)",
            "np.where(finite, Status.SOLVED, Status.SOLVED)",
            "test_a_forecast_that_breaks_is_marked_and_counted",
        ),
        (
            "inputs = {name: np.repeat(values, len(times), axis=0)",
            "inputs = {name: np.concatenate([values] * len(times))",
            "test_a_map_of_query_and_time_answers_like_the_solver",
        ),
        (
            "np.rint(times / interval)",
            "np.floor(times / interval)",
            "test_a_time_that_is_a_multiple_of_the_interval_but_for_rounding_is_that_multiple",
        ),
    ),
    *planted(
        "datasets/held_pairs.py",
        "tests/datasets/test_held_pairs.py",
        (
            'inputs["time"] = self.times[frames]',
            'inputs["time"] = self.times[frames - 1]',
            "test_a_batch_from_memory_is_the_batch_from_disk",
        ),
        (
            "(asked + pairs.frames * answered)",
            "(asked + answered)",
            "test_pairs_that_do_not_fit_are_refused_before_the_first_is_read",
        ),
    ),
    *planted(
        "datasets/pairs.py",
        "tests/datasets/test_held_pairs.py",
        (
            "horizon * (1 + 1e-9)",
            "horizon * (1 - 1e-9)",
            "test_a_horizon_limits_the_pairs_to_the_frames_until_then",
        ),
    ),
    *planted(
        "datasets/pairs.py",
        "tests/datasets/test_tasks.py",
        (
            'inputs["time"] = np.asarray(self.source.times[frame])',
            'inputs["time"] = np.asarray(self.source.times[frame - 1])',
            "test_the_pairs_of_a_set_teach_the_map_from_query_and_time",
        ),
        (
            "self._read(trajectory, 0, name)",
            "self._read(trajectory, frame, name)",
            "test_the_pairs_of_a_set_teach_the_map_from_query_and_time",
        ),
    ),
    *planted(
        "datasets/trajectories.py",
        "tests/datasets/test_tasks.py",
        (
            "self.interval = interval * stride",
            "self.interval = interval",
            "test_examples_are_thinned_and_stacked",
        ),
        (
            "stop = (start + frames - 1) * self.stride + 1",
            "stop = start + frames * self.stride",
            "test_examples_are_thinned_and_stacked",
        ),
    ),
    *planted(
        "datasets/training_set.py",
        "tests/datasets/test_training_set.py",
        (
            "digest.update(split.digest(trajectory))",
            "pass",
            "test_the_fingerprint_changes_with_the_last_bit_of_any_field",
        ),
        (
            "sum(sum(c.seconds) for c in chosen)",
            "sum(max(c.seconds) for c in chosen)",
            "test_the_cost_is_that_of_all_samples",
        ),
    ),
)
