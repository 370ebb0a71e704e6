"""Interoperability: other people's implementations against this one, request by request."""
