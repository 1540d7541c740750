"""Take a person out of files on this disk: each is written anew beside itself, then renamed.

Deleting a row leaves its bytes in the file's free blocks; a file that never held them has none.
"""
