"""Find those who copy an AI model through its API, and say why.

The flow is the folder list: `traffic` is read, `signatures` are taken of its texts, `profiles` summarise accounts,
`campaigns` says who acts together and why, `reports` shows it. `docs/concepts.md` is the whole idea on one page.
"""

__version__ = "0.1.0"
