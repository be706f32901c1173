"""Who calls, and what is lent upstream: tokens, the development issuer, the credential broker."""
