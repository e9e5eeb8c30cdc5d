"""The console: where people see campaigns, judge them and act.

    app.py          all parts together: `create_app(settings, store)`
    console.py      what the pages work on
    model.py        the words: who is signed in, with which role
    asking.py       a request, as a page sees it; what a page may answer; problems that are pages
    routing.py      a page's function under its address, as HTML, .json and .csv
    addresses.py    a name that others chose, in a path
    rendering.py    from a page's view to bytes; templates/
    files.py        scripts and styles, kept by browsers for as long as they are the same; static/
    access/         who may: people, passwords, sessions, a proxy in front, OpenID Connect
    store/          cases: one campaign through all its scans
    warming.py      what is read before the console says that it is ready
    following.py    the findings, taken in as they change
    counting.py     measures, open appeals and sightings of each case, counted again and again
    incoming.py     what the exchange brought; exchanged.py: what would go out over it
    kept.py         what was read of the exchange's state, until it changes; heard.py: the same of the relay
    elsewhere.py    what the ledger and the exchange hold about one case
    drawing.py      charts for pages; the waterfall
    history.py      what scans found and what people did, in one list
    graph.py        accounts and what they share, as a graph; layout.py says where each stands
    bearing.py      what speaks for an account, and what against it
    pages/          one file a page

A page is a function from `Asked` to `Page`: it reads the store and returns one frozen view. It knows no HTTP, so that a
test calls it as it calls anything else. Everything on screen is also `.json`, and where it has rows `.csv`, at the same
address.
"""
