"""The queue engine: a local message queue in one SQLite file. It knows nothing of the dashboard."""
