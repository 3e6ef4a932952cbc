"""Dialogs: each asks one thing, describes what will happen, and returns the reply, or None if cancelled.

dialog         what all dialogs look like, and how they are left
closed_once    closes a dialog once, however often that is asked for
confirm        asks before something is done
choice         chooses one of a few things
form_dialog    a form that stays open until what was typed in it is saved
fields         asks for a few short texts
columns        chooses the columns of a list
help           all keys
message_form   adds or edits a message
import_wizard  imports a JSONL file in four steps
import_texts   what an import would do or did, in words. Pure
file_choices   files that a typed path may become
number_input   a field for digits
tick           a box to tick
"""
