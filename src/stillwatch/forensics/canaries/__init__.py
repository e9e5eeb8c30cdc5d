"""Keyed choices among equally correct variants, for whoever has no decoder: a reseller, a gateway, a single prompt.

    catalogue.py     slots and their variants, which a person reviewed (catalogue.toml is the one that comes along)
    prose.py         where in an answer something may be chosen: prose and plain lists, never code or quotations
    finding.py       which slots an answer has, and which variant stands in each
    choosing.py      which variant a key chooses: a keyed hash, so that nobody else can tell
    planting.py      an answer with the key's choices
    records.py       what was planted: hashes, a campaign, a time; no prompt, no customer
    testing.py       does a suspect choose as our key does? exact, whatever the model
    planning.py      how many choices that takes
    sequential.py    likewise, looking as often as one wants (e-values)

No variant is wrong or worse than another, so that whoever is planted by mistake has lost nothing.
"""
