"""The program of a worker process.

main              starts it, and reads deliveries from the supervisor's socket
preloading        imports what it will need, before handlers can hide it
handler_loading   imports what `package.module:function` names
shadowed_modules  names files beside the handlers that hide a standard module
"""
