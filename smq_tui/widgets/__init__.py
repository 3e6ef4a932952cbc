"""Dashboard widgets: they receive values and post messages; they know neither the store nor the gateway.

keyed_table   a table over any number of rows
detail_pane   where the details of a row are shown
detail_text   what these say
payload_text  a payload as text
json_colours  colours of JSON text
chart         charts of what came in, went out and waited
sparkline     small charts, in characters
status_bar    a line of parts, of which some give way
message_line  the line above the keys
cell_width    text of an exact width
"""
