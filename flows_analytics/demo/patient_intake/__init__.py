"""A clinic that asks its patients a few questions before they come in."""
