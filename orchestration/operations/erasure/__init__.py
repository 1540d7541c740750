"""Erasure of a person from files on this disk: each is rewritten and replaced by a rename.

Deleting a row leaves its bytes in the file's free blocks; a file that never held them has none.
"""
