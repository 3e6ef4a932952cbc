"""Operations on a database as a whole.

administration  the seam's part for a queue as a whole, over the modules below
doctor          examines it; changes nothing
checks          the single examinations
repair          repairs what needs no guess, after a backup
compact         gives free pages back to the disk
online_copy     the backup of a database that is in use
tidy            keeps the files small
lost_daemons    which daemons are lost
pages           how many pages a file has, and how many are free
file_users      which processes have the file open
"""
