"""The demonstration: producers, a daemon whose handlers sometimes fail, and a careless consumer.

run       runs all of it, with the dashboard where there is a terminal
shop      its processes
producer  a process that sends messages
handlers  handlers of the daemon
careless  a consumer that is slow and dies
texts     the messages. Pure
"""
