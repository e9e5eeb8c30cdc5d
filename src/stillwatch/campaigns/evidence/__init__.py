"""Why we think so: one module a kind of evidence, each weighing a cluster as a whole."""
