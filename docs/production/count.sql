-- How many rows each table has: for psql, to compare two databases.
SELECT table_name, (xpath('/row/count/text()', query_to_xml(format('SELECT count(*) FROM %I', table_name), true, true, '')))[1]
FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name;
