"""`python -m app`, which is what bin/milequest runs."""

from app.cli import main

main()
