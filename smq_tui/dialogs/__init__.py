"""Dialogs: each asks one thing, says what will happen, and answers by what it is dismissed with (None.

Nothing).
"""
