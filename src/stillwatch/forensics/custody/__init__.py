"""From a plan to evidence that somebody else can check.

    keys.py         one secret root, a key for each campaign and epoch, records without secrets
    commitments.py  the root over those records, before anything was marked; proofs
    timestamps.py   somebody else saw it at that time (RFC 3161)
    bundle.py       a folder with all that a verdict rests on, every file by its digest, signed
    running.py      from a sealed plan to a signed bundle
    asking.py       endpoints are asked; where the run did not follow the plan
    scoring.py      every test on every subject, under blind labels
    leads.py        what the answers resemble, below evidence
    blinding.py     labels drawn at random, results sealed before they are unsealed
    rerunning.py    a second person scores the same answers under labels of their own
    facts.py        what a grade rests on, from what the bundle holds
    verification.py holds all of it against itself, offline

Nothing here needs a network save the questions to endpoints that a plan names.
"""
