"""From ion images to result rows: the one path of queue and command line."""
