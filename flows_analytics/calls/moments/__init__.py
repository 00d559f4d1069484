"""The kinds of moments, a file for each side of a call."""
