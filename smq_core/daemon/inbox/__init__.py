"""Imports files that are dropped into a folder, each exactly once.

inbox              the thread: looks, claims, imports, reports
inbox_folder       which files may be taken, and where each goes afterwards
inbox_report       what is reported of a taken file
inbox_names        names of taken files: short enough, and text
blocked_files      files that cannot be taken now, retried ever more rarely
uncompressed_size  what a compressed file holds, measured before it is taken
"""
