"""The six views of the main screen.

view                         what they have in common
topics_view                  1: every topic
messages_view                2: messages of any topic
leases_view                  3: what is running
dead_view                    4: dead letters by error
workers_view                 5: daemons
activity_view                6: what operators did
activity_text, message_rows, death_rows, state_tabs
                             what their rows say
row_order                    how they are ordered
list_request, reread_delay   when a list is read again
"""
