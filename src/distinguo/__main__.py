"""`python -m distinguo`: the command line."""

from distinguo.cli import main

main()
