"""What was decided, by whom and when: entries that are only ever added, each sealed with the hash of the one before."""
