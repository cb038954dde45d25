"""The line to the backend: one socket thread, one queue, one ``poll()``. The only importer of zmq; knows no bpy."""
