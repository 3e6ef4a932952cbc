"""Screens and dialogs of the dashboard.

They show values, ask by messages, and know neither gateway nor core.
"""
