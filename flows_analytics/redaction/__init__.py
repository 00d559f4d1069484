"""What is hidden before anything leaves memory."""

from flows_analytics.redaction.patterns import PatternRedactor

__all__ = ["PatternRedactor"]
