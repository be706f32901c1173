"""What a SQL statement may be made of and still only read.

Every kind of node (a class of ``sqlglot.expressions``) and every function must stand here. What is
missing is not known to be harmless, so the statement counts as one that may write.
"""

from __future__ import annotations

from interlock.classify.lexicon.text import wordset

OPENINGS = ("select", "with", "values", "(")

STRUCTURE = wordset(
    """Select Union Except Intersect Subquery With CTE From Join Where Group Having Order Ordered Limit Offset Fetch
    Distinct Qualify Window WindowSpec Values Tuple Paren Alias Aliases TableAlias Table Column Identifier Star Literal
    Boolean Null Var Interval Case If Cast TryCast DataType DataTypeParam Filter WithinGroup Lateral Unnest Exists
    Between In Is Like ILike SimilarTo RegexpLike RegexpILike Escape Not And Or Xor EQ NEQ GT GTE LT LTE NullSafeEQ
    NullSafeNEQ Add Sub Mul Div IntDiv Mod Neg BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift
    BitwiseRightShift DPipe Bracket Slice Array Struct PropertyEQ_ Dot Collate AtTimeZone All Any Cube Rollup
    GroupingSets Pivot PivotAny JSONPath JSONPathRoot JSONPathKey JSONPathSubscript JSONPathWildcard JSONPathSlice
    Command_ Concat SafeConcat Adjacent Overlaps ArrayContains ArrayContainsAll ArrayOverlaps JSONBContains
    Year Month Day Week WeekStart WithOrdinality"""
)

# Functions that sqlglot knows by a class of their own.
FUNCTIONS = wordset(
    """Count CountIf Sum Avg Min Max Stddev StddevPop StddevSamp Variance VariancePop Median Mode Quantile
    ApproxQuantile ApproxDistinct PercentileCont PercentileDisc Corr CovarPop CovarSamp GroupConcat ArrayAgg ArrayConcat
    ArraySize ArrayLength JSONArrayAgg JSONObjectAgg JSONBObjectAgg LogicalAnd LogicalOr AnyValue ArgMax ArgMin First
    Last FirstValue LastValue NthValue Lag Lead RowNumber Rank DenseRank PercentRank CumeDist Ntile
    Coalesce Nullif Greatest Least Nvl2 Decode DecodeCase
    Lower Upper Initcap Length ByteLength Trim Left Right Substring SubstringIndex Replace Repeat Reverse Split
    SplitPart StrPosition Position Contains StartsWith EndsWith Pad Ascii Chr Unicode Space Translate Stuff Hex
    RegexpExtract RegexpExtractAll RegexpReplace RegexpSplit RegexpCount RegexpInstr Levenshtein Soundex ConcatWs
    Abs Ceil Floor Round Trunc Sqrt Cbrt Exp Ln Log Pow Sign Pi Rand Mod Sin Cos Tan Asin Acos Atan Atan2 Degrees
    Radians SafeDivide
    CurrentDate CurrentTime CurrentTimestamp CurrentDatetime CurrentUser Localtime Localtimestamp UtcDate UtcTimestamp
    Extract DateTrunc TimestampTrunc DatetimeTrunc TimeTrunc DateAdd DateSub DateDiff TimestampAdd TimestampSub
    TimestampDiff DatetimeAdd DatetimeSub DatetimeDiff TsOrDsAdd TsOrDsDiff TsOrDsToDate TsOrDsToTimestamp Date Time
    Timestamp Datetime ToChar StrToDate StrToTime StrToUnix TimeToStr TimeToUnix UnixToTime UnixToStr TimeStrToTime
    TimeStrToDate DateStrToDate DateToDateStr DayOfWeek DayOfMonth DayOfYear WeekOfYear Quarter Hour Minute Second
    LastDay MonthsBetween AddMonths DateFromParts TimestampFromParts MakeInterval Age JustifyDays
    JSONExtract JSONExtractScalar JSONBExtract JSONBExtractScalar JSONExtractArray JSONKeys JSONType JSONArray
    JSONObject JSONBContainsAllTopKeys ParseJSON JSONFormat ToNumber ToArray SortArray Flatten Explode
    GenerateSeries ExplodingGenerateSeries GenerateDateArray GenerateTimestampArray
    MD5 SHA SHA2 Uuid TypeOf CurrentVersion CurrentSchema CurrentDatabase CurrentCatalog
    Format NumberToStr ToBase64 FromBase64 IsNan IsInf Typeof Stddev_ Histogram WidthBucket"""
)

# Functions that it does not know, by lower-case name.
NAMED = wordset(
    """version date_part age to_char to_date to_timestamp to_number now strftime julianday datetime date time unixepoch
    instr substr printf total ifnull iif typeof likelihood likely unlikely nullif quote hex unicode
    group_concat json_array_length json_type json_valid json_each json_tree json_array json_object json_extract
    jsonb_array_length jsonb_typeof json_typeof jsonb_build_object json_build_object jsonb_array_elements
    json_array_elements jsonb_array_elements_text jsonb_object_keys json_object_keys jsonb_each jsonb_each_text
    row_to_json to_json to_jsonb jsonb_pretty array_to_string string_to_array array_position array_length cardinality
    regexp_matches format btrim ltrim rtrim lpad rpad position strpos overlay char_length character_length
    octet_length bit_length regexp_substr regexp_instr find_in_set field elt locate mid ucase lcase dayname monthname
    yearweek week weekday to_days from_unixtime unix_timestamp date_format time_format timediff makedate period_diff
    inet_aton inet_ntoa isnull bool_and bool_or every mode corr regr_slope regr_intercept regr_r2 percentile_cont
    safe_cast countif approx_count_distinct format_date format_timestamp parse_date parse_timestamp timestamp_millis
    to_varchar to_decimal zeroifnull div0 array_contains object_keys strptime list_aggregate list_contains epoch
    date_bin num_nonnulls num_nulls pg_size_pretty pg_relation_size pg_total_relation_size pg_table_size
    pg_indexes_size pg_database_size pg_get_viewdef pg_get_indexdef pg_get_constraintdef format_type obj_description
    col_description current_schema current_database quote_ident quote_literal similarity to_tsvector to_tsquery
    plainto_tsquery ts_rank ts_headline st_distance st_within st_contains st_intersects st_asgeojson st_astext
    st_makepoint st_setsrid st_point st_area st_length st_dwithin st_buffer st_x st_y"""
)

# Tables and columns that hold secrets or say who may do what.
SECRET_TABLES = wordset(
    """pg_shadow pg_authid pg_user_mapping pg_user_mappings pg_hba_file_rules sql_logins syslogins sysusers
    user_privileges table_privileges role_table_grants applicable_roles login_history credentials vault"""
)
