"""What happened in one call: moments, the record that holds them, and pure readings of them.

Nothing in this room knows Pipecat, asyncio or the file layout; a record can be read anywhere.
"""
