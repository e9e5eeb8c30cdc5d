"""The scan that never ends: requests as they come, the same fold, a judgement every minute, measures by policy."""
