"""Mistakes in figures by which words cannot be read, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "experiments/figures.py",
        "tests/experiments/test_figures.py",
        (
            "get_window_extent(renderer).width <= width",
            "get_window_extent(renderer).width <= 2 * width",
            "test_no_words_of_a_legend_are_cut_at_the_right_edge",
        ),
        (
            "if not on_dots and not any(",
            "if on_dots or not any(",
            "test_names_of_dots_lie_on_no_other_name_and_on_no_dot",
        ),
    ),
)
