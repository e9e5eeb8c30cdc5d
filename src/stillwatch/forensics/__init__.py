"""Is that model a copy of ours? Tests with a stated error rate, and evidence that somebody else can check.

Evidence stands only where the randomness of the null hypothesis is ours: a secret key, or a choice that we drew. Then
the rate of false alarms holds for any model, whatever it was trained on, as long as it never saw what we keyed.

    schemes/        how serving engines mark text: vLLM, SGLang, the KGW family, and one of our own
    text/           from text to what may be scored: tokens, alignment, windows that count once
    radioactivity/  was a model trained on marked text: exact tails, several keys, the null of wrong keys
    canaries/       keyed choices among equally correct variants, where there is no decoder
    rephrasings.py  which of two rephrasings does a model prefer: the one that was published, or the one we kept
    leads/          style and self-description: never evidence, and here is how often they are wrong
    suspects/       what a suspect said: files, and endpoints that are asked once
    custody/        keys, commitments, the plan before the first question, the bundle, its verification
    facts.py        all that a grade rests on
    grading.py      lead, corroborated, shown; requirements.py has what each of them needs
    concluding.py   from all of that to verdict.py, the document that every report is rendered from
    rehearsal/      a teacher and students made from nothing, to see that all of this works

Absence of a signal is never innocence, and p is never the probability of copying.
"""
