"""Similarities that are no evidence, each with how often it is wrong of models that have nothing to do with us.

    style.py        whose texts a suspect's resemble
    identity.py     how often it says that it is we

Neither rests on randomness of ours: a model may write like us, or call itself by our name, because the public web does.
Whatever they show is capped at "lead".
"""
