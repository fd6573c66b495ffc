"""Seeds: pinned for ever, different for every purpose and key."""

from itertools import product

from sweeps.search.seeds import Purpose, derive_seed


def test_purposes_keep_their_numbers() -> None:
    names = ["SPLIT", "PROPOSAL", "INITIAL", "TRAINING", "LABELS", "SCORING", "SAMPLES", "FINAL"]
    assert [(purpose.name, purpose.value) for purpose in Purpose] == list(zip(names, range(8), strict=True))


def test_seeds_are_the_same_on_every_machine() -> None:
    assert derive_seed(0, Purpose.SPLIT) == 4334430513956379144
    assert derive_seed(0, Purpose.TRAINING, 3, 1, 9) == 2185009909717788097
    assert derive_seed(2**63 - 1, Purpose.PROPOSAL, 16) == 1929370425367178368


def test_no_two_uses_share_a_seed() -> None:
    keys = [(seed, purpose, *key) for seed in (0, 1) for purpose in Purpose for key in product(range(6), range(6))]
    seeds = {derive_seed(seed, purpose, *key) for seed, purpose, *key in keys}
    assert len(seeds) == len(keys) == 2 * 8 * 36


def test_a_key_is_told_from_the_same_numbers_in_another_order_or_length() -> None:
    keys: list[tuple[int, ...]] = [(), (0,), (0, 0), (1, 2), (2, 1), (1, 2, 0)]
    assert len({derive_seed(0, Purpose.TRAINING, *key) for key in keys}) == len(keys)


def test_seeds_fit_into_63_bits() -> None:
    seeds = [derive_seed(seed, Purpose.INITIAL, seed) for seed in range(500)]
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62
