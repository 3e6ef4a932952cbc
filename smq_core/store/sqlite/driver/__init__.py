"""Code specific to the driver, apsw.

raw_connection       short connections for opening, copying and repairing
connection_settings  how every connection is set up
driver_errors        the driver's errors, as ours
descriptor_shortage  used-up descriptors, which the driver reports as something else
cursors              closes what a failed call left open
id_array             ids as one bound value
id_range             the ids of messages: whether any are left
"""
