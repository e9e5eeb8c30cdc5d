"""Was a model trained on marked text: exact tails, several keys, the null of wrong keys.

    closed.test(...)     on what a suspect wrote
    closed.test(...)     with kind "reading", on what it would have written next, in texts that we give it to read
    mass.test(...)       on how often it writes what the key prefers, window by window

What all of them need of statistics stands in `statistics`; `judging` turns sums of scores into a result, and `null`
says what keys that nobody used find in the same texts.
"""
