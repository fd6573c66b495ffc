"""The terms of the models' losses, each a pure function with its equation, in nats.

What a function returns per example, the model averages; which terms make up a loss, and with what weights, stands in
the model.
"""
