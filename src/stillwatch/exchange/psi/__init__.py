"""Private set intersection between two members: which accounts do we both have, without showing any other.

    offer --(setup)--> request --(request)--> respond --(response)--> reveal

The member who *offers* learns how many values the other has. The member who *requests* learns which of its own values
the other has too, or only how many. Three messages, as files, over any channel that both trust.

messages    the three messages: a header anybody can read, and the cryptography's part
protocol    the cryptography of the four steps
runs        the four steps as a member takes them
ledger      transcripts without values, secrets between steps, and the day between two runs of a pair

The cryptography is OpenMined's PSI (ECDH on P-256, semi-honest). What that means: `docs/exchange/matching.md`.
"""
