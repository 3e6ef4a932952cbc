"""The worker daemon: a supervisor with the database, and worker processes that run handlers without it."""
