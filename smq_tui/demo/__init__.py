"""The demonstration: producers, a daemon whose handlers fail now and then, a careless consumer.

A dashboard to watch them.
"""
