"""The compiled reservoir against NumPy, against itself in batches, and against reservoirpy."""

import numpy as np
import pytest
import scipy.sparse
from numba import njit
from understudy.solvers.methods.lanes import load, store
from understudy.surrogates.reservoir_kernels import tanh
from understudy.surrogates.reservoir_network import Network, draw_network, spectral_radius


@njit
def all_tanh(rows: np.ndarray, out: np.ndarray) -> None:
    for row in range(rows.shape[0]):
        store(out, row, tanh(load(rows, row, 8)))


def matrices(
    nodes: int, inputs: int, seed: int
) -> tuple[scipy.sparse.csr_array, scipy.sparse.csr_array, np.ndarray]:
    generator = np.random.default_rng(seed)
    recurrent = scipy.sparse.random_array((nodes, nodes), density=5 / nodes, rng=generator, format="csr")
    incoming = scipy.sparse.random_array((nodes, inputs), density=0.3, rng=generator, format="csr")
    return recurrent * 0.2, incoming, generator.normal(size=nodes)


def test_tanh_is_within_three_units_in_the_last_place() -> None:
    generator = np.random.default_rng(0)
    scales = 10.0 ** generator.uniform(-12, 2, size=80_000)
    x = np.concatenate([scales * generator.choice([-1, 1], 80_000), generator.uniform(-1, 1, 80_000)])
    found = np.empty_like(x)
    all_tanh(x.reshape(-1, 8), found.reshape(-1, 8))
    exact = np.tanh(x.astype(np.longdouble))
    units = np.abs(found - exact) / np.spacing(np.abs(exact).astype(np.float64))
    assert units.max() < 3


def test_tanh_is_odd_and_handles_zero_infinity_nan_and_the_tiniest_numbers() -> None:
    x = np.array([[0.0, np.inf, np.nan, 5e-324, 1e-310, 19.0, 21.0, 1e300]])
    positive, negative = np.empty_like(x), np.empty_like(x)
    all_tanh(x, positive)
    all_tanh(-x, negative)
    np.testing.assert_array_equal(positive, np.array([[0, 1, np.nan, 5e-324, 1e-310, 1, 1, 1]]))
    np.testing.assert_array_equal(negative, -positive)
    assert not np.signbit(positive[0, 0]) and np.signbit(negative[0, 0])


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("nodes", [5, 64, 131])
def test_states_follow_the_formula(nodes: int, leak: float) -> None:
    recurrent, incoming, bias = matrices(nodes, 4, nodes)
    network = Network.from_matrices(recurrent, incoming, bias=bias, leak=leak)
    series = np.random.default_rng(1).normal(size=(30, 4))
    states = network.drive(series, np.zeros(nodes))
    state = np.zeros(nodes)
    for t in range(30):
        state = (1 - leak) * state + leak * np.tanh(recurrent @ state + incoming @ series[t] + bias)
        np.testing.assert_allclose(states[t], state, rtol=0, atol=2e-15)


def test_states_equal_those_of_reservoirpy_on_the_same_weights_to_round_off() -> None:
    nodes_module = pytest.importorskip("reservoirpy.nodes")
    recurrent, incoming, bias = matrices(500, 16, 2)
    theirs = nodes_module.Reservoir(
        W=scipy.sparse.csr_matrix(recurrent), Win=scipy.sparse.csr_matrix(incoming), bias=bias, lr=0.8
    )
    series = np.random.default_rng(3).normal(size=(400, 16))
    ours = Network.from_matrices(recurrent, incoming, bias=bias, leak=0.8)
    np.testing.assert_allclose(
        ours.drive(series, np.zeros(500)), theirs.run(series), rtol=0, atol=6 * np.finfo(float).eps
    )


@pytest.mark.parametrize("batch", [1, 8, 11])
def test_a_batch_advances_each_member_as_if_alone(batch: int) -> None:
    network = Network.from_matrices(*matrices(70, 3, 4)[:2], bias=0.1, leak=0.7)
    series = np.random.default_rng(5).normal(size=(20, 3, batch))
    old, new = network.stacked(batch), network.stacked(batch)
    for t in range(20):
        old[network.nodes : -1, :batch] = series[t]
        network.advance(old, new)
        old, new = new, old
    for member in range(batch):
        alone = network.drive(series[:, :, member], np.zeros(70))[-1]
        np.testing.assert_allclose(old[:70, member], alone, rtol=0, atol=1e-14)


@pytest.mark.parametrize("nodes", [300, pytest.param(1500, marks=pytest.mark.slow)])
def test_drawn_networks_have_the_radius_the_degree_and_the_scale_asked_for(nodes: int) -> None:
    network = draw_network(
        np.random.default_rng(6),
        frame_shape=(1, 32),
        nodes=nodes,
        degree=4,
        radius=0.7,
        input_scale=0.3,
        inputs_per_node=2,
    )
    whole = scipy.sparse.csr_array((network.weights, network.columns, network.starts)).toarray()
    recurrent, incoming = whole[:, :nodes], whole[:, nodes:]
    assert np.abs(np.linalg.eigvals(recurrent)).max() == pytest.approx(0.7, rel=1e-6)
    assert ((recurrent != 0).sum(axis=1) == 4).all()
    assert ((incoming != 0).sum(axis=1) == 2).all()
    heard = (incoming != 0).sum(axis=0)
    assert heard.max() - heard.min() <= 0.2 * heard.mean() + 2
    assert 0.25 < np.abs(incoming).max() <= 0.3


def test_with_a_reach_nodes_hear_only_their_vicinity_on_the_periodic_grid() -> None:
    channels, grid, nodes, reach = 2, (6, 10), 240, 2
    network = draw_network(
        np.random.default_rng(7),
        frame_shape=(channels, *grid),
        nodes=nodes,
        degree=3,
        radius=0.5,
        input_scale=1.0,
        inputs_per_node=4,
        reach=reach,
    )
    points = grid[0] * grid[1]
    seen = set()
    for node in range(nodes):
        centre = np.unravel_index(node // 2 % points, grid)
        row = slice(network.starts[node], network.starts[node + 1])
        columns = network.columns[row].astype(int)
        inputs = columns[columns >= nodes] - nodes
        assert len(set(inputs)) == 4
        places = [columns[columns < nodes] // 2 % points, inputs % points]
        for place in np.concatenate(places):
            away = np.abs(np.array(np.unravel_index(place, grid)) - centre)
            away = np.minimum(away, np.array(grid) - away)
            assert (away <= reach).all()
            seen.add(tuple(away))
    assert len(seen) == (reach + 1) ** 2


def test_the_spectral_radius_of_a_large_sparse_matrix_is_that_of_the_dense_one() -> None:
    matrix = matrices(900, 1, 8)[0]
    assert spectral_radius(matrix) == pytest.approx(
        np.abs(np.linalg.eigvals(matrix.toarray())).max(), rel=1e-8
    )


def test_matrices_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expected W"):
        Network.from_matrices(np.zeros((3, 3)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="leak"):
        Network.from_matrices(np.zeros((3, 3)), np.zeros((3, 2)), leak=0.0)
    with pytest.raises(ValueError, match="has 64 places; there must be one"):
        draw_network(
            np.random.default_rng(0),
            frame_shape=(1, 64),
            nodes=20,
            degree=2,
            radius=0.5,
            input_scale=1.0,
            inputs_per_node=1,
            reach=1,
        )


def test_on_a_line_with_ends_nothing_is_heard_across_them() -> None:
    points, nodes, reach = 11, 90, 2
    network = draw_network(
        np.random.default_rng(9),
        frame_shape=(1, points),
        nodes=nodes,
        degree=3,
        radius=0.5,
        input_scale=1.0,
        inputs_per_node=3,
        reach=reach,
        periodic=False,
    )
    for node in range(nodes):
        place = reach + node // 2 % (points - 2 * reach)
        columns = network.columns[network.starts[node] : network.starts[node + 1]].astype(int)
        inputs = columns[columns >= nodes] - nodes
        sources = reach + columns[columns < nodes] // 2 % (points - 2 * reach)
        assert (np.abs(inputs - place) <= reach).all()
        assert (np.abs(sources - place) <= reach).all()
