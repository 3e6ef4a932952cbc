"""Lets `python -m smq_daemon` be the command."""

from smq_daemon import main

if __name__ == "__main__":
    main()
