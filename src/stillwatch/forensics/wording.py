"""How probabilities and numbers are worded in verdicts, the same in every report."""

from math import floor

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

#: What p is; it stands beside every p that a reader may take for something else.
P = (
    "p is the probability of this result or a stronger one if the suspect was trained without access to what we keyed."
    " It is not the probability that the model was copied, nor that it was not."
)


def probability(log10: float) -> str:
    """Word a probability from its log10: "0.37", "0.0012", 3.4 times a power of ten; none is too small."""
    if log10 >= -3:
        return f"{10**log10:.2g}"
    exponent = floor(log10)
    mantissa = f"{10 ** (log10 - exponent):.1f}"
    if mantissa == "10.0":
        mantissa, exponent = "1.0", exponent + 1
    power = "10" + str(exponent).translate(_SUPERSCRIPT)
    return power if mantissa == "1.0" else f"{mantissa} \N{MULTIPLICATION SIGN} {power}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Word a number of things: "1 control", "23 controls"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: tuple[str, ...]) -> str:
    """Word a list: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
