"""Faults in what a network is told of its inputs: poses, images, codes, and the benchmark of these."""

from fault import planted

POSE = "tests/solvers/three_body/test_tb_pose.py"
IMAGES = "tests/datasets/test_images.py"
BENCH = "tests/experiments/test_bench_structure.py"

FAULTS = (
    *planted(
        "solvers/three_body/pose.py",
        POSE,
        (
            "turned = cosine * own - sine * sign * other",
            "turned = cosine * own - sine * other",
            "test_a_pose_takes_starts_and_their_answers_to_starts_and_their_answers",
        ),
        (
            'if field == "mass":',
            'if field == "masses":',
            "test_a_pose_takes_starts_and_their_answers_to_starts_and_their_answers",
        ),
        (
            "(0.0 if len(field) > 1 else",
            "(0.0 if len(field) > 2 else",
            "test_a_pose_is_these_four_in_this_order",
        ),
    ),
    *planted(
        "datasets/images.py",
        IMAGES,
        (
            "self.own.image(self.symmetries[trajectory],",
            "self.own.image(self.symmetries[0],",
            "test_images_of_timed_pairs_are_what_the_solver_says_of_their_starts",
        ),
    ),
    *planted(
        "datasets/derived_pairs.py",
        IMAGES,
        (
            "values[frame] for",
            "values[0] for",
            "test_images_of_timed_pairs_are_what_the_solver_says_of_their_starts",
        ),
    ),
    *planted(
        "datasets/chosen_pairs.py",
        IMAGES,
        (
            "self.own.trajectory(self.chosen[trajectory])",
            "self.own.trajectory(trajectory)",
            "test_chosen_pairs_are_these_in_their_order",
        ),
    ),
    *planted(
        "surrogates/blocks/category_embedding.py",
        "tests/surrogates/test_mixture_of_experts.py",
        (
            "functional.one_hot(codes[..., i], count)",
            "functional.one_hot(codes[..., 0], count)",
            "test_without_a_width_codes_become_one_hot_vectors",
        ),
    ),
    *planted(
        "experiments/bench_structure_symmetry.py",
        BENCH,
        (
            "sum(float((truth**2).sum())",
            "sum(float(truth.size)",
            "test_the_error_of_pairs_is_relative_to_the_truth",
        ),
        (
            '("train", "valid", "test").index(split), place]',
            '("train", "valid", "test").index(split)]',
            "test_bodies_are_met_in_any_pose_and_images_are_more_of_the_same",
        ),
    ),
    *planted(
        "experiments/bench_structure_categories.py",
        BENCH,
        (
            "embedding=None",
            "embedding=8",
            "test_a_code_is_given_in_four_ways",
        ),
    ),
)
