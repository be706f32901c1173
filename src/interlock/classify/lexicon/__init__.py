"""What words mean: verbs by what they do, nouns by what they stand for, in several languages.

Every module here is a table. To teach Interlock a verb, put it into the line of ``verbs.py`` whose
comment says what it does; to teach it a thing, put the noun into its kind in ``nouns.py``.
"""
