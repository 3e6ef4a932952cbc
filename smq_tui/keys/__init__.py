"""What an operator can do, by which key, and how that is documented.

actions    every action as data: id, key, label, danger
key_help   which keys there are, from the bindings
palette    what Ctrl+P offers
reference  keys and filters as Markdown
"""
