"""What a funnel means, by trying every choice of visits there is: slow, and close to the words of METRICS."""

from __future__ import annotations

from itertools import combinations, permutations


def levels(nodes, times, steps, *, mode="ordered", window_us=None, exclude=frozenset()):
    """Give (level, positions of the chain) of a path; steps are sets of nodes, all required."""
    chains = [
        chain
        for size in range(1, len(steps) + 1)
        for chain in combinations(range(len(nodes)), size)
        if fits(nodes, chain, steps, mode)
        and (window_us is None or times[chain[-1]] - times[chain[0]] <= window_us)
        and not any(node in exclude for node in nodes[chain[0] : chain[-1] + 1])
    ]
    if not chains:
        return 0, ()
    level = max(map(len, chains))
    best = [chain for chain in chains if len(chain) == level]
    first = min(chain[-1] for chain in best)
    # Of those that get there first: the latest repeats, and with them the latest start.
    return level, max((chain for chain in best if chain[-1] == first), key=lambda chain: chain[::-1])


def fits(nodes, chain, steps, mode):
    if mode == "any":
        return any(
            all(nodes[at] in step for at, step in zip(chain, choice, strict=True))
            for choice in permutations(steps, len(chain))
        )
    if mode == "strict" and chain[-1] - chain[0] != len(chain) - 1:
        return False
    return all(nodes[at] in step for at, step in zip(chain, steps, strict=False))
