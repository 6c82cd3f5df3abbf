"""The commands that show and change the queue, one module each."""
