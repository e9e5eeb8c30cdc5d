"""Between gateways and the watch: what gateways saw goes one way, what they are to do the other."""
