"""What the tests of statistics share."""

from __future__ import annotations

from hypothesis import settings

# A first example loads scipy, and a busy machine is slow at times: neither says anything about a property.
settings.register_profile("no_deadline", deadline=None, max_examples=50)
settings.load_profile("no_deadline")
