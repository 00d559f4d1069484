"""The layout of a calls directory, written once: safe names, atomic writes."""
