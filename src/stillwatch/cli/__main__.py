"""`python -m stillwatch.cli` is `stillwatch`."""

from stillwatch.cli import main

main()
