"""Moves messages from the database to the worker processes, and outcomes back.

dispatcher         one transaction: write outcomes, lease what comes next
ready_topics       which topics a look asks for
delayed_topics     when the delayed messages of topics that only patterns name are due
topic_rotation     turns between topics, limits within them
distribution       which worker process gets a leased message
redelivery         a message leased again while an older delivery of it is still here
renewals           extends the leases of deliveries that may be running
lost_leases        leases that somebody else has ended
pending_outcomes   outcomes that are not committed yet
orphaned_messages  messages whose worker process or daemon died
topic_counts       counters for a bounded number of topics
outcome_counts     how many messages were processed, and how many runs failed
"""
