"""Widgets of the dashboard: they are given values and post messages, and know neither store nor gateway."""
