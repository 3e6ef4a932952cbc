"""The configuration of a daemon: its file and flags, reloads, and the handler of each topic.

config          the TOML file, checked field by field
flags           options of the command line, laid over the file
routing         the handler of a topic, by name or by pattern
live_config     the configuration in force, and one that a reload tries
reload_watch    asks for a reload when code or configuration changes
working_folder  the folder that a daemon works in, which a link may name
"""
