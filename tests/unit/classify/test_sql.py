import pytest

from interlock.classify.sql import dialect_of, reading_statement, touches_secrets

READING = [
    ("postgres", "SELECT a, count(*) FROM crates WHERE b = 1 GROUP BY a ORDER BY 2 DESC LIMIT 3;"),
    ("postgres", "WITH x AS (SELECT * FROM crates) SELECT lower(a), now() FROM x JOIN y USING (id)"),
    ("postgres", "SELECT date_trunc('day', at), string_agg(a, ',') FROM s.crates GROUP BY 1 HAVING count(*) > 1"),
    ("postgres", "SELECT b->>'k', row_number() OVER (PARTITION BY a ORDER BY b) FROM crates"),
    ("mysql", "SELECT ifnull(a, 0), json_extract(b, '$.k') FROM crates WHERE c LIKE '%x%'"),
    ("sqlite", "SELECT strftime('%Y', at) FROM crates UNION ALL SELECT 'none'"),
    ("bigquery", "SELECT * FROM `depot.stock.crates` WHERE DATE(at) > '2020-01-01'"),
    ("snowflake", "SELECT a FROM crates QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = 1"),
    ("tsql", "SELECT TOP 5 a FROM crates"),
    ("postgres", "VALUES (1), (2)"),
]
WRITING = [
    ("postgres", "SELECT * INTO copy FROM crates"),
    ("postgres", "WITH gone AS (DELETE FROM crates RETURNING *) SELECT * FROM gone"),
    ("postgres", "WITH x AS (UPDATE crates SET a = 1 RETURNING *) SELECT * FROM x"),
    ("postgres", "EXPLAIN ANALYZE DELETE FROM crates"),
    ("postgres", "EXPLAIN SELECT 1"),
    ("postgres", "SELECT pg_terminate_backend(7)"),
    ("postgres", "SELECT pg_catalog.pg_terminate_backend(7)"),
    ("postgres", "COPY crates TO PROGRAM 'sh'"),
    ("postgres", "COPY (SELECT 1) TO '/tmp/x'"),
    ("postgres", "SELECT * FROM crates FOR UPDATE"),
    ("postgres", "SELECT * FROM crates FOR SHARE"),
    ("postgres", "SELECT 1; DROP TABLE crates"),
    ("postgres", "SELECT 1; SELECT 2"),
    ("postgres", "SELECT 1 -- calm"),
    ("postgres", "SELECT /* calm */ 1"),
    ("mysql", "SELECT /*! sleep(9) */ 1"),
    ("mysql", "SELECT 1 # calm"),
    ("postgres", "SELECT lo_import('/etc/passwd')"),
    ("postgres", "SELECT pg_read_file('/etc/passwd')"),
    ("postgres", "SELECT * FROM pg_read_file('/etc/passwd')"),
    ("postgres", "SELECT * FROM dblink('host=x', 'delete from crates') AS t(a int)"),
    ("postgres", "SELECT nextval('s'), setval('s', 1)"),
    ("postgres", "SELECT set_config('role', 'root', false)"),
    ("postgres", "SELECT query_to_xml('delete from crates', true, true, '')"),
    ("postgres", "SELECT pg_sleep(1000)"),
    ("postgres", "SELECT public.lower('x')"),
    ("postgres", "SELECT public.version()"),
    ("postgres", "SELECT a::surprise FROM crates"),
    ("postgres", "SELECT 'a\\'; DROP TABLE crates; --'"),
    ("postgres", "SELECT $$x$$"),
    ("postgres", "SELECT\u00a01"),
    ("mysql", "SELECT load_file('/etc/passwd')"),
    ("mysql", "SELECT 1 INTO OUTFILE '/tmp/x'"),
    ("mysql", "SELECT sleep(9)"),
    ("mysql", "SELECT benchmark(1000000, 1)"),
    ("mysql", "SELECT @a := 1"),
    ("mysql", "SELECT get_lock('x', 1)"),
    ("mysql", "SELECT * FROM crates LOCK IN SHARE MODE"),
    ("sqlite", "SELECT load_extension('x')"),
    ("sqlite", "SELECT writefile('x', 'y')"),
    ("sqlite", "PRAGMA writable_schema = 1"),
    ("sqlite", "ATTACH 'x' AS y"),
    ("tsql", "EXEC xp_cmdshell 'dir'"),
    ("tsql", "SELECT a FROM crates WITH (UPDLOCK)"),
    ("tsql", "SELECT NEXT VALUE FOR s"),
    ("snowflake", "SELECT system$cancel_all_queries(1)"),
    ("snowflake", "SELECT * FROM @stage"),
    ("duckdb", "SELECT * FROM '/etc/passwd'"),
    ("duckdb", "SELECT * FROM read_csv('/etc/passwd')"),
    ("bigquery", "SELECT * FROM EXTERNAL_QUERY('x', 'delete')"),
    ("clickhouse", "SELECT * FROM url('http://x', CSV)"),
    ("postgres", "CALL clean()"),
    ("postgres", "DO $x$ begin end $x$"),
    ("postgres", "DELETE FROM crates"),
    ("postgres", "TRUNCATE crates"),
    ("postgres", ""),
    ("postgres", "SELECT ((((("),
    ("postgres", "SELECT " + "(" * 5000 + "1" + ")" * 5000),
    ("postgres", "SELECT " + "1 + " * 9000 + "1"),
]


@pytest.mark.parametrize(("dialect", "text"), READING)
def test_statements_that_only_read(dialect: str, text: str) -> None:
    assert reading_statement(text, dialect) is not None


@pytest.mark.parametrize(("dialect", "text"), WRITING, ids=lambda value: value[:40])
def test_statements_that_may_do_more(dialect: str, text: str) -> None:
    assert reading_statement(text, dialect) is None


def test_a_dialect_is_declared_once_or_not_at_all() -> None:
    assert dialect_of(["a", "postgresql", "database", "pg"]) == "postgres"
    assert dialect_of(["mysql", "and", "postgres"]) is None
    assert dialect_of(["sql"]) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SELECT * FROM pg_shadow", "pg_shadow"),
        ("SELECT api_key FROM crates", "api_key"),
        ("SELECT * FROM mysql.user", "mysql.user"),
        ("SELECT a FROM crates", None),
    ],
)
def test_secrets_are_noticed(text: str, name: str | None) -> None:
    statement = reading_statement(text, "mysql")
    assert statement is not None
    assert touches_secrets(statement) == name
