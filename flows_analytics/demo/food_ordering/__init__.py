"""A pizza and sushi counter that takes orders on the phone."""
