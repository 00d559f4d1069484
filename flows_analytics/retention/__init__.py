"""What is kept of calls, and taking it away: after some time, or because somebody asks for it."""
