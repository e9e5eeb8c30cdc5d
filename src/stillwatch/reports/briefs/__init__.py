"""Documents for readers who did not run the scan: an executive, counsel, a policy maker, a forum's members.

    brief = executive.brief(material)            # or counsel, policy; forum.brief(answers, quarter)
    text = html.brief_html(brief)                # or markdown, json; `reports.pdf` prints the page

Each claim says how sure it is and on what, each number its interval and where it is from; each document says what is
not known, what speaks against, and what it leaves out. One page first, annexes after. No word convicts anybody.
"""
