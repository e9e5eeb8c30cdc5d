"""Profiles on disk, so that tomorrow's scan reads only tomorrow.

    with opened(folder, Belongs(key=fingerprint, grain="user", mapping=None)) as store:
        with store.taking(lateness_hours=168) as taking:          # what is new is added, once
            taking.add(...)
        for profiles in store.people():                            # everybody, merged, in the order of account ids
            ...

What is kept of every hour: each account's profile (`hourly`), sums by account and hour (`hourly.Sums`), and hashes of
the requests that it is made of (`seen`), so that none counts twice. `parts` writes and reads the files, `manifest` says
which of them count, `merging` makes one profile of many, `compacting` makes days of hours and months of days.
"""
