"""How the tables of one version become those of the next; run by `stillwatch exchange init`.

A new version is a new file in `versions/`, whose `revision` sorts behind the last, and `tables.VERSION` names it.
"""
