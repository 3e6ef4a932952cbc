"""The actions of an operator, their keys, and their documentation.

actions    every action as data: id, key, label, danger
key_help   which keys there are, from the bindings
palette    what Ctrl+P offers
reference  keys and filters as Markdown
"""
