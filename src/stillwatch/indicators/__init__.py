"""What can be said of a campaign to others: STIX 2.1 objects, their markings, and our extensions.

Pure functions from findings to documents and from foreign documents to what a scan can use. No network, no store.
"""
