"""What the web server itself has to say, in the same form as all else; gunicorn.conf.py names it."""

import logging.config

from django.conf import settings
from gunicorn.glogging import Logger


class ServerLog(Logger):
    """gunicorn's own, which quotes addresses with what people search for, and says where visitors come from."""

    def setup(self, cfg):
        super().setup(cfg)
        logging.config.dictConfig(settings.LOGGING)
        if cfg.errorlog == "-":
            self.error_log.handlers.clear()
            self.error_log.propagate = True

    def exception(self, msg, *args, **kwargs):
        if str(msg).startswith("Error handling request"):
            msg, args = "Error handling a request", ()
        super().exception(msg, *args, **kwargs)

    def warning(self, msg, *args, **kwargs):
        if str(msg).startswith("Invalid request"):
            msg, args = "Somebody sent what is no HTTP request", ()
        super().warning(msg, *args, **kwargs)
