"""What a daemon reports about itself.

heartbeat        its row in `smq_workers`: who it is, what it does, how fast
worker_detail    the details of that row
metrics          Prometheus metrics, /healthz and /readyz
loopback_server  an HTTP server that bounds what its clients take
"""
