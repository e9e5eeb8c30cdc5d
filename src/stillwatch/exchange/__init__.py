"""Said to whom: the TAXII 2.1 server and client, trust groups, private matching and the transparency log."""
