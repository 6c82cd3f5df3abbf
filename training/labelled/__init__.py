"""Labelled ion images of users: reading, checking, counting."""
