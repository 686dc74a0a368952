"""How the web server runs: gunicorn reads this by itself where it starts, in service and under `manage.py run`.

A thread serves one request until the client has read all of the answer, and gunicorn waits for slow clients as long
as they like: in service a proxy that buffers stands before it (docs/production/nginx.conf, which was tried with this).
"""

import os

from simportal.settings import ENV

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))
threads = 8  # most of a request is waiting for the database, and each thread keeps a connection to it
graceful_timeout = 30  # so long may what is under way take when the server is stopped
control_socket_disable = True
forwarded_allow_ips = ENV.forwarded_allow_ips
# Where somebody asks for a log (`--access-logfile`): what people search for, and where they come from, is not in it.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(B)s %(L)s'
