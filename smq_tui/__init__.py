"""The dashboard: a terminal face of the queue. It uses the public names of smq_core only."""
