"""Mistakes in translating between regimes that an expert could make, each with the test that must notice."""

from fault import planted

__all__ = ["FAULTS"]

FAULTS = (
    *planted(
        "surrogates/alignment.py",
        "tests/surrogates/test_translations.py",
        (
            "signs = torch.where(third < 0, -1.0, 1.0)",
            "signs = torch.where(third < 0, 1.0, 1.0)",
            "test_an_orthogonal_map_far_from_the_identity_is_recovered_without_pairs",
        ),
    ),
    *planted(
        "datasets/translations.py",
        "tests/datasets/test_translations.py",
        (
            "odd = range(1, len(source), 2)",
            "odd = range(0, len(source), 2)",
            "test_no_sample_is_in_both_archives",
        ),
        (
            "changed[name] = factor * changed[name]",
            "changed[name] = changed[name] / factor",
            "test_pairs_are_every_other_sample_in_both_regimes",
        ),
        (
            "place = self.places[trajectory]",
            "place = trajectory",
            "test_pairs_are_every_other_sample_in_both_regimes",
        ),
    ),
    *planted(
        "surrogates/blocks/monge_map.py",
        "tests/surrogates/test_alignment.py",
        (
            "middle, _ = roots(root @ wanted @ root)",
            "middle, _ = roots(root @ root @ wanted)",
            "test_the_monge_map_carries_one_covariance_to_the_other_and_is_symmetric",
        ),
        (
            "return inverse @ middle @ inverse",
            "return roots(wanted)[0] @ inverse",
            "test_the_monge_map_carries_one_covariance_to_the_other_and_is_symmetric",
        ),
    ),
    *planted(
        "surrogates/blocks/sliced_wasserstein.py",
        "tests/surrogates/test_alignment.py",
        (
            "return numbers * (first",
            "return (first",
            "test_a_cloud_that_was_shifted_is_as_far_as_the_square_of_the_shift",
        ),
        (
            "torch.sort(cloud @ directions, dim=0).values",
            "(cloud @ directions)",
            "test_along_a_line_clouds_are_as_far_as_their_quantiles_are",
        ),
    ),
    *planted(
        "surrogates/blocks/energy_distance.py",
        "tests/surrogates/test_alignment.py",
        (
            "1 - 0.5 * within",
            "1 - within",
            "test_the_energy_distance_is_that_of_its_definition",
        ),
    ),
    *planted(
        "surrogates/blocks/shared_encoder.py",
        "tests/surrogates/test_translations.py",
        (
            "return code + self.decoders[kind](code)",
            "return code + self.decoders[0](code)",
            "test_the_encoder_is_shared_and_each_decoder_is_its_kinds_own",
        ),
        (
            "return numbers + self.encoder(numbers)",
            "return numbers + self.encoder(numbers).detach()",
            "test_the_encoder_is_shared_and_each_decoder_is_its_kinds_own",
        ),
    ),
    *planted(
        "surrogates/alignment.py",
        "tests/surrogates/test_alignment.py",
        (
            "onto = root @ monge_map(*covariances)",
            "onto = monge_map(*covariances) @ root",
            "test_transport_is_exact_for_normal_fields_that_differ_by_a_positive_map",
        ),
        (
            "return self.means[WANTED_KIND] + inside + off",
            "return self.means[WANTED_KIND] + inside",
            "test_what_lies_off_the_leading_components_stays",
        ),
    ),
    *planted(
        "surrogates/translation_fit.py",
        "tests/surrogates/test_translations.py",
        (
            "self._off(translated, numbers[kind], other)",
            "self._off(translated, numbers[other], other)",
            "test_each_part_of_the_loss_is_zero_for_the_exact_translation_and_not_for_others",
        ),
    ),
    *planted(
        "surrogates/shared_translation.py",
        "tests/surrogates/test_translations.py",
        (
            "(by.decodings / size)",
            "(by.decodings)",
            "test_with_pairs_the_loss_is_plain_regression_on_fields",
        ),
    ),
    *planted(
        "surrogates/translator.py",
        "tests/surrogates/test_translations.py",
        (
            "self.trusted = likens(answers, given, wanted, seed=seed)",
            "self.trusted = True",
            "test_where_there_is_nothing_to_learn_it_answers_what_it_was_given_bit_for_bit",
        ),
        (
            'self.trusted = bool(noted["trusted"])',
            "self.trusted = True",
            "test_whether_it_stands_aside_comes_back_from_disk",
        ),
        (
            "torch.cdist(given, wanted) - torch.cdist(answers, wanted)",
            "torch.cdist(answers, wanted) - torch.cdist(given, wanted)",
            "test_a_translation_is_believed_only_if_it_is_nearer_beyond_chance",
        ),
        (
            "spent + (0.0 if trained is None else trained.resumed)",
            "spent",
            "test_the_bill_holds_the_alignment_and_what_was_resumed",
        ),
    ),
    *planted(
        "experiments/translation_comparison.py",
        "tests/experiments/test_translation.py",
        (
            "spacing * np.cumsum(u, axis=-2)",
            "spacing * np.cumsum(u, axis=-1)",
            "test_the_stream_function_of_a_velocity_is_the_solvers",
        ),
        (
            '"solved": int(given.solved.sum())',
            '"solved": len(given.solved)',
            "test_flows_that_could_not_be_given_are_counted",
        ),
    ),
    *planted(
        "experiments/translation_ladder.py",
        "tests/experiments/test_translation.py",
        (
            'found.values["psi"][:, 0], guess)',
            "guess, guess)",
            "test_on_two_grids_the_finer_begins_where_the_coarser_ended",
        ),
    ),
    *planted(
        "experiments/one_set.py",
        "tests/experiments/test_translation.py",
        (
            "if frames != {1} or self.main.transient:",
            "if frames != {1}:",
            "test_settings_that_do_not_fit_are_refused_before_anything_is_solved",
        ),
    ),
)
