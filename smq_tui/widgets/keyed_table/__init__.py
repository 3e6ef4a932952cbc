"""A table with any number of rows, each identified by its key; it requests only the rows in view.

keyed_table     the widget
table_view      which rows are in view
table_model     rows, keys and their order
table_rows      rows as they are shown
table_columns   widths, order, what is hidden
table_marks     marked rows
key_order       the order of keys
row_painter     a row as a strip of cells
table_bindings  its keys
table_messages  what it posts
"""
