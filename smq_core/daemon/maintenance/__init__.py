"""What is done from time to time, in a thread and with a connection of its own.

maintenance_thread  the thread
janitor             pruning, free pages and statistics, in small steps
sampling            which topics' counters are written down for rates
alert_rules         which conditions raise an alert, decided from figures alone
alert_commands      runs the command of an alert
"""
