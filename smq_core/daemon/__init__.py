"""The worker daemon: a supervisor alone with the database, and worker processes that run handlers and hold none."""
