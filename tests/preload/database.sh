#!/bin/sh
# Starts a PostgreSQL server, whose parallel workers share memory, and stops it:
#     database.sh LIBRARY FOLDER
# LIBRARY is preloaded. It prints what the workers counted, and the plan. The server refuses to run
# as root.
set -eu
library=$1
folder=$2
bin=$(dirname "$(find /usr/lib/postgresql -name initdb | sort -V | tail -n 1)")

export LD_PRELOAD="$library" LC_ALL=C
"$bin/initdb" --auth=trust --no-sync --username=rawshm --pgdata="$folder/data" \
    >"$folder/log" 2>&1 || {
    cat "$folder/log" >&2
    exit 1
}
cat >>"$folder/data/postgresql.conf" <<CONF
dynamic_shared_memory_type = posix
listen_addresses = ''
unix_socket_directories = '$folder'
fsync = off
CONF
# Which function is bound where, of every process of the server.
LD_DEBUG=bindings LD_DEBUG_OUTPUT="$folder/bindings" \
    "$bin/pg_ctl" start --wait --pgdata="$folder/data" --log="$folder/log" >/dev/null
trap '"$bin/pg_ctl" stop --wait --mode=fast --pgdata="$folder/data" >/dev/null' EXIT
"$bin/psql" --host="$folder" --username=rawshm --dbname=postgres --no-psqlrc \
    --tuples-only --no-align --quiet <<'SQL'
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE numbers AS SELECT generate_series(1, 100000) AS number;
ANALYZE numbers;
SHOW dynamic_shared_memory_type;
SELECT count(*), sum(number) FROM numbers;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT count(*) FROM numbers;
SQL
