"""The pages, one file each, in the order of the menu.

A module here makes `pages = Pages(…)` (`stillwatch.web.routing`) and is named in ALL.
"""

from stillwatch.web.pages import account, appeals, campaign, exchange, graph, health, measures, queue, strain, work
from stillwatch.web.routing import Pages

ALL: tuple[Pages, ...] = (
    queue.pages,
    campaign.pages,
    work.pages,
    graph.pages,
    account.pages,
    measures.pages,
    appeals.pages,
    strain.pages,
    exchange.pages,
    health.pages,
)
