"""Pictures of the dashboard, and what takes them."""
