"""A directory of calls as tables: writing them, reading them, and counting in them."""
