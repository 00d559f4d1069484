"""What is hidden before anything leaves memory."""
