"""Where it runs: in this process by default, with threads over Arrow batches."""
