"""The only room that knows Pipecat: it turns frames and node changes into moments."""
