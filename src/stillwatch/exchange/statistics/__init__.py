"""Figures over all members of a root that say nothing of any one: differential privacy, a budget, and suppression.

    topics    what is counted, in cells that are fixed beforehand, and how much one member may add
    periods   closed months and quarters, and whose budget they spend
    noise     clipping, the discrete Laplace mechanism, orders of magnitude
    ledger    what was answered and spent
    report    the question: one topic of one month or quarter

A report is about one topic in one closed month or quarter. What a member published in it is one unit: if it is more
than the topic's CLIP (a month) it is scaled down to that, so that a member's joining or leaving changes all cells of
the report together by at most CLIP; noise of the scale CLIP / epsilon then makes the report epsilon-differentially
private for each member (Dwork, McSherry, Nissim and Smith 2006; Ghosh, Roughgarden and Sundararajan 2009). Reports add
up: at most BUDGET is spent on what was published in one quarter, ever. Outside of the guarantee, on purpose: that a
report or a cell is suppressed says that fewer than three members had anything to it.
"""
