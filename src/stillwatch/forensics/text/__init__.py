"""From text to what may be scored: tokens, alignment, windows that count once."""
