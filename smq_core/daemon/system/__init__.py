"""What the operating system reports about processes, files and disks.

process_identity  whether a process id still names the same process
thread_time       how long a thread of a process has been at work
folder_watch      when files in a folder change
file_health       the database's file and its disk
systemd           readiness and watchdog, where systemd started the daemon
"""
