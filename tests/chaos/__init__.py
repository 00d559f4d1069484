"""The proof that no acknowledged moment is lost: real calls, a server that fails, children that are killed."""
