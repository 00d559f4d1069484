"""From counts to answers: where callers get lost, which way they take, how long it takes, and what a fix is worth.

Everything here is a pure function of counts (`flows_analytics.store.counts`) or of paths. What the numbers mean
stands in docs/metrics.md, where the formulas come from in docs/statistics.md.
"""
