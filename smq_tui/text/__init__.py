"""Text that operators type and edit.

filters        the language of filters
payload_forms  payloads and headers as text, and back
"""
