"""Terminal handling.

attached     whether there is one
driver       writes to it, also while it goes away
parser       reads what it sends, of which anything may be malformed
pasted_text  keeps what is pasted together
hangup       ends the program when it is gone
key_queue    one key after another
clipboard    puts bytes onto the clipboard
ascii        the screen in plain ASCII
gc_policy    keeps garbage collection out of key presses
"""
