"""How far a member's word carries: from what other members found to be so, never from what it says of itself.

    statements   what members say of each other's indicators, read from STIX objects
    decay        what age does to a score or to an outcome
    reputation   a weight for each contributor and kind of signature
    standing     quarantined, admitted or suspended; an indicator reported, confirmed or disputed
    judgement    all of these together, for one reader
    decoys       the operator's own indicators that match nothing: whoever confirms one was not looking
    blast        the receiver's side: what matches too much, or one account alone, is not used

Pure functions over values. Times are microseconds since 1970 on the exchange's clock (`date_added`), never a member's.
"""
