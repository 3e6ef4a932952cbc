"""Operations on a database as a whole.

doctor        examines it; changes nothing
checks        the single examinations
repair        repairs what needs no guess, after a backup
compact       gives free pages back to the disk
online_copy   the store's own backup
tidy          keeps the files small
lost_daemons  which daemons are lost
file_users    which processes have the file open
"""
