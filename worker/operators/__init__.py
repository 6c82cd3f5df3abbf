"""What an operator sees and changes in the queue: backlog, running events, dead letters, results."""
