"""The data that the dashboard has at one moment, and the values derived from it. Pure.

snapshot          readings of the database, and what two of them give
flow              messages processed between two readings
sparkline_series  what came in, went out and waited over time
diagnosis         what is wrong with a topic, in a word and a sentence
"""
