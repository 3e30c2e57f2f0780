"""A server with TensorFlow Serving's REST API, for one machine.

One process speaks HTTP and has the queue. Others have the models: a request travels to
one of them as it arrived, and its answer comes back as it will be sent. Whatever an
image does to a decoder, it does to a process that is replaced.
"""
