"""Which finding leads to which measure: a policy, what it decides, and cases that it must pass."""
