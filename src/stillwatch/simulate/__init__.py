"""Traffic that we make ourselves, for the demo and the tests."""
