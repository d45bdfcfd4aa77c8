-- A secret that may be known to others is replaced.
grant update (secret) on kernel.webhook_subscription to longmen_app;
