-- Two roles: the portal runs as simportal_app, which owns nothing; simportal_owner is for `migrate` alone.
-- For psql, as a superuser. In a database that is there already: from REVOKE on, after `migrate`.
CREATE ROLE simportal_owner LOGIN;
CREATE ROLE simportal_app LOGIN;
CREATE DATABASE simportal OWNER simportal_owner;
\connect simportal
REVOKE ALL ON DATABASE simportal FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE simportal TO simportal_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO simportal_owner;
GRANT USAGE ON SCHEMA public TO simportal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO simportal_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO simportal_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO simportal_app;
ALTER DEFAULT PRIVILEGES FOR ROLE simportal_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO simportal_app;
ALTER DEFAULT PRIVILEGES FOR ROLE simportal_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO simportal_app;
ALTER DEFAULT PRIVILEGES FOR ROLE simportal_owner IN SCHEMA public
    GRANT EXECUTE ON FUNCTIONS TO simportal_app;
