"""The picture that a head is made of: where it comes from, what the backend sees in it, what is asked for."""
