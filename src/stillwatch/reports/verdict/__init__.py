"""A verdict (`stillwatch.forensics.verdict`) to read: as a page, on a terminal, as Markdown.

    html.verdict_html(document)
    console.print(terminal.verdict(document))
    markdown.verdict_markdown(document)

All say the same in the same words, which stand in the document or in `figures`.
"""
