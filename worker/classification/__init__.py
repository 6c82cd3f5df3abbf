"""From ion images to result rows: the path that queue and command line share."""
