"""The mutual information gap: whether each known factor of images has one dimension of the code to itself.

Codes are the means μ(x) of the posteriors, cut into 20 bins (Locatello 2019, Appendix C); Chen 2018 integrates over the
posteriors instead. Counts on n images overstate information by about (bins-1)(values-1)/(2n) nats for every pair.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "discretise", "information_table", "mutual_information", "mutual_information_gaps"]

BINS = 20

Counts = NDArray[np.int64]
Table = NDArray[np.float64]


def mutual_information_gaps(codes: NDArray[np.floating], factors: Counts) -> Table:
    """Return (I_(1) - I_(2))/H(v) of each factor v (Chen 2018, Eq. 6): `(factors,)` in [0, 1]; their mean is MIG.

    I_(1) and I_(2) are the largest and the second largest information that a dimension of the code has on v.

    Args:
        codes: `(n, width)`, at least two dimensions.
        factors: `(n, factors)`, int64 from 0, none of them constant.
    """
    information = np.sort(information_table(discretise(codes), factors), axis=0)
    gaps: Table = (information[-1] - information[-2]) / np.array([entropy(factor) for factor in factors.T])
    return gaps


def discretise(codes: NDArray[np.floating], bins: int = BINS) -> Counts:
    """Return for each code `(n, width)` the number of its bin, of equal widths from the least code to the largest."""
    low, high = codes.min(axis=0), codes.max(axis=0)
    share = (codes - low) / np.where(high > low, high - low, 1)
    numbers: Counts = np.minimum((share * bins).astype(np.int64), bins - 1)
    return numbers


def information_table(codes: Counts, factors: Counts) -> Table:
    """Return I(z_j; v_k) in nats, `(width, factors)`, of discrete codes `(n, width)` and factors `(n, factors)`."""
    return np.array([[mutual_information(code, factor) for factor in factors.T] for code in codes.T])


def mutual_information(first: Counts, second: Counts) -> float:
    """Return I(a; b) = H(a) + H(b) - H(a, b) in nats, from the counts of two vectors `(n,)` of whole numbers from 0."""
    both = first * (second.max() + 1) + second
    return entropy(first) + entropy(second) - entropy(both)


def entropy(values: Counts) -> float:
    """Return the entropy in nats of a vector of whole numbers from 0, from their counts."""
    share = np.bincount(values) / len(values)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())
