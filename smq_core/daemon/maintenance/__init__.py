"""Periodic tasks, in their own thread and with their own connection.

maintenance_thread  the thread
janitor             pruning, free pages and statistics, in small steps
sampling            which topics' counters are written down for rates
alert_rules         which conditions raise an alert, decided from figures alone
alert_commands      runs the command of an alert
"""
