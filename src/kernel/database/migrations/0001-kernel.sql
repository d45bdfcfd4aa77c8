-- The kernel's schema and the table kernel.migration exist before any migration runs: the migrator makes them.
-- The application role may see which migrations were applied (health checks, support), never change it.
grant select on kernel.migration to longmen_app;
