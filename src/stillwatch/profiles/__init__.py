"""What an account did: mergeable summaries."""
