"""Cases: one campaign through all its scans, with what people said and did about it.

store.py     open, look up one case or one account, write down what a person did
intake.py    a findings document comes in: which case each campaign is
queue.py     many cases: found, sorted, page by page
accounts.py  the accounts of a case, page by page; one account and its cases
events.py    what can happen to a case, and how its present state follows from it
marking.py   how many sightings, decisions and appeals each case has, from where those are kept
words.py     cases that hold a word
model.py     what all of these give
tables.py    how it is kept, in SQLite or PostgreSQL
"""

from stillwatch.web.store.store import Store

__all__ = ["Store"]
