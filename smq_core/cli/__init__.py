"""The `smq` command: how its words reach queue and inspector, and what it prints. It decides nothing."""
