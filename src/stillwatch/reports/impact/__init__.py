"""What campaigns took, and what it comes to: intervals with their assumptions, and the load on the service.

    document = assess(findings, load(None))        # of `stillwatch.reports.impact.assessment` and `.assumptions`
    text = dumps(document)

    assumptions.toml   every number that is not in a log, with its law and its source
    assumptions.py     reads it
    laws.py            how a number that is not known for certain is distributed
    volume.py          what the log has: answers and tokens, by model and kind
    estimates.py       what follows: list price, replacement cost, the teacher's compute, each with its interval
    load.py            the campaigns' part of all requests, tokens and of the busiest hour
    assessment.py      all of it, for each campaign and for all
    document.py        impact.json
    sections.py        what a reader is told, in order; terminal.py, markdown.py and html.py lay it out

The estimates measure different things and are never added up. What avoided research is worth, or a price that is
undercut, no log tells: it is named and not estimated.
"""
