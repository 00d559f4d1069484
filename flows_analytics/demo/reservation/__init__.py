"""A restaurant that takes reservations on the phone."""
