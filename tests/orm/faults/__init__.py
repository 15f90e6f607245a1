"""Servers that lie and networks that fail, and what the client has to make of them."""
