"""The transparency log of a root: what was published or withdrawn, in an order that nobody can change unseen.

An RFC 6962 tree kept as C2SP tiles, whose head the exchange signs and the members cosign:

    tree           hashes, and the verification of proofs
    tiles          append, root and proofs over a store of tiles
    notes          signed notes: the form of a checkpoint and of its signatures
    checkpoints    the signed head, cosignatures, and whether a log only grew
    entries        the lines of the log: salted commitments
    directory      who has which key since when
    enrolment      keys entered in a store and its log
    verification   the whole log, computed again
    sources        where it is read from for that: a store or a server
    contents       the objects of a store, held against its log
"""
