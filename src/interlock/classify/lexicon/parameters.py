"""Parameters whose meaning is known by name. Names are given as their words joined by ``_``."""

from __future__ import annotations

from interlock.classify.lexicon.text import wordset

# Which of several things the tool does.
CHOOSES_ACT = wordset(
    """action operation op command cmd verb subcommand sub_command act action_type operation_type request_type
    action_name operation_name command_type task_type mode type intent"""
)
# Of those, the ones that choose an act only if their values are verbs.
CHOOSES_MAYBE = wordset("mode type task_type intent request_type command_type command cmd")

# Verbs whose "action" is what is looked for, not what is done.
FILTERING_VERBS = wordset("list search find count lookup browse")
# Verbs whose "action" may be the thing that is looked at: "get action" by its name.
SHOWING_VERBS = wordset("get show describe view read retrieve inspect")

HTTP_METHOD = wordset("method http_method request_method http_verb verb")
HTTP_TARGET = wordset("url uri endpoint path route api_path request_url href")
HTTP_READS = wordset("GET HEAD OPTIONS")
# What goes along with a request that is made, and what is only read about.
HTTP_SENT = wordset("body data json payload headers request_body params form")
LOGGED = wordset("log logs event events history audit audits activity activities changes trail feed timeline")
READ_ABOUT = wordset(
    """doc docs documentation reference references spec specs specification schema schemas endpoint endpoints
    example examples guide operation operations type types info information definition definitions signature"""
)
HTTP_ALL = wordset("GET HEAD OPTIONS POST PUT PATCH DELETE TRACE CONNECT")

SQL = wordset(
    """sql sql_query query_sql statement sql_statement raw_sql sql_text sql_command sql_string statements sqls
    sql_statements queries_sql sql_script"""
)
QUERY = wordset("query q statement query_string query_text queries command script expression")
# Free text that is carried out.
CODE = wordset(
    """command cmd shell_command bash shell script code source_code python_code javascript js program expression
    function_body commands cli_command bash_command snippet js_code expr macro applescript powershell
    payload_code jscode javascript_code args_line argv cypher graphql mutation init_script inject_script
    page_function js_expression jsexpression"""
)
# Text to be looked at even though it is code, for verbs that only look.
LOOKING_VERBS = wordset(
    """validate lint check format parse analyze analyse explain convert translate verify inspect review summarize
    highlight prettify minify beautify tokenize compare diff detect search find generate render describe
    visualize get list read show view lookup fetch retrieve"""
)

# Names of query languages that cannot write.
READING_LANGUAGES = wordset(
    """promql logql traceql metricsql nrql kql jql cql_confluence soql sosl gaql lucene insights jmespath jsonpath
    xpath sparql_select dql esql eql"""
)
# Names of query languages that can.
WRITING_LANGUAGES = wordset(
    """sql mysql postgres postgresql sqlite duckdb bigquery snowflake mariadb clickhouse tsql plsql redshift trino
    presto athena databricks oracle mssql cypher sparql graphql cql n1ql partiql surrealql aql gremlin
    influxql flux spl hiveql sqlserver cockroachdb timescale motherduck singlestore"""
)

# Words for places that hold what a query in an unnamed language may change.
STORES = wordset("database databases db warehouse lakehouse statement statements")
EXECUTES = wordset("run execute exec perform submit issue")

# Where a result is written to on some disk.
WRITES_FILE = wordset(
    """output_path output_dir output_file output_directory out_file out_path out_dir save_path save_to save_dir
    save_directory save_as download_path download_dir download_directory local_path local_dir target_path
    target_dir target_file destination_path dest_path destination_dir dest_dir destination_file
    output_folder save_location write_to output_filename export_path output_filepath save_file save_to_file
    save_to_disk output_to_file save_to_path filename_to_save export_file destination_folder download_to
    store_path"""
)
_OUT = wordset("output out dest destination save saved export download write")
_PLACE = wordset("path file dir directory folder filepath filename")


def names_output(name: str) -> bool:
    """Whether a parameter of this name says where on some disk a result is written: "output_video_path"."""
    words = name.split("_")
    return name in WRITES_FILE or (len(words) > 1 and words[0] in _OUT and words[-1] in _PLACE)


# Flags that make a call reach further than it does by default.
DESTROYS = wordset(
    """overwrite overwrite_existing replace_existing purge hard_delete delete_permanently delete_after
    delete_source remove_source truncate clear_existing delete_existing drop_existing delete_after_read
    delete_original force_delete erase remove_existing delete_branch delete_files delete_missing
    clear_first if_exists_replace force_overwrite delete_after_download"""
)
ENLARGES = wordset("""force recursive all cascade force_push recursively everything permanent permanently prune wipe""")
MARKS = wordset("mark_as_read mark_read mark_seen acknowledge ack auto_ack archive_after consume")
SUBMITS = wordset("submit auto_submit")

# What points at an element of a live page.
ELEMENTS = wordset("""element selector css_selector xpath uid from_uid to_uid locator element_ref""")

# What reaches people when it is set on something that writes.
NOTIFIES = wordset(
    """notify send_email send_notification send_notifications notify_users send_updates send_invites send_invite
    notify_all notify_customer notify_attendees send_email_notification send_message notify_subscribers
    email_notification send_receipt send_confirmation notify_customers send_invitation post_comment"""
)
RECIPIENTS = wordset(
    """to recipient recipients cc bcc to_email email_to to_address to_number phone_number attendees guests invitees
    participants subscribers mailing_list recipient_id recipient_email reviewers mentions chat_id channel_id
    invite_emails attendee_emails guest_emails to_emails"""
)
OPENS_ACCESS = wordset(
    """permission permissions role roles acl access_level scopes role_id role_ids policy_document iam_role
    visibility is_public public make_public share_with sharing publish published auto_publish allow_public
    anyone_can_view is_admin admin privileges grants public_access make_private private scope role_arn
    groups group_ids members member_ids"""
)
MONEY = wordset("""amount currency payment_method payment_method_id amount_cents price card_number total_amount""")
CAPACITY = wordset(
    """instance_type instance_class machine_type plan tier sku replicas node_type num_nodes node_count vm_size
    disk_size storage_gb memory_mb vcpus plan_id desired_count billing_project compute_size instance_size"""
)
SECRETS = wordset(
    """password secret secret_value private_key passphrase client_secret credentials credential secret_key
    new_password secret_string secrets seed_phrase mnemonic card_number cvv secret_name secret_id ssn totp
    otp api_secret key_pair certificate"""
)
DRY_RUN = wordset(
    """dry_run dryrun preview preview_only simulate simulation check_only validate_only what_if whatif plan_only
    no_op noop test_mode dry_run_only is_dry_run simulate_only validation_only"""
)

SQL_DIALECTS: dict[str, str] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "pg": "postgres",
    "psql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "duckdb": "duckdb",
    "motherduck": "duckdb",
    "clickhouse": "clickhouse",
    "redshift": "redshift",
    "databricks": "databricks",
    "trino": "trino",
    "presto": "presto",
    "athena": "athena",
    "mssql": "tsql",
    "tsql": "tsql",
    "sqlserver": "tsql",
    "oracle": "oracle",
}
