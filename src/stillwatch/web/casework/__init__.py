"""What people do about cases: judge them, share the work out, sign and end measures, answer appeals.

    desk.py        somebody at work on a case, with what he saw when he began
    verdicts.py    a verdict, the second person's word, and taking back; remembered for every scan to come
    measures.py    the ledger: who may sign, end and switch, and that gateways hear of it
    appeals.py     somebody objects, and a person who did not decide it answers
    letters.py     the second person's word on what would leave

What is done is written down in the case (`store.events`), and where it belongs besides: verdicts in the reviews, which
scans and the exchange read, measures and appeals in the ledger, letters in the outbox of the exchange's client.
"""
