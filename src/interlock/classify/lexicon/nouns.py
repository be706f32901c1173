"""Nouns by kind: what a thing is decides what doing something to it means.

``KINDS`` is read from top to bottom where a word has two kinds: the more dangerous kind comes first.
"""

from __future__ import annotations

from enum import StrEnum

from interlock.classify.lexicon.text import wordset


class Kind(StrEnum):
    """What sort of thing an object is."""

    SECRET = "secret"  # noqa: S105 - a kind of noun
    ACCESS = "access"
    MONEY = "money"
    MESSAGE = "message"
    PUBLIC = "public"
    DEVICE = "device"
    JOB = "job"
    INFRA = "infra"
    MEDIA = "media"
    CONTENT = "content"
    RECORD = "record"
    VIEW = "view"
    CODE = "code"
    QUESTION = "question"
    BROWSER = "browser"
    POINTER = "pointer"
    FIGURE = "figure"


_WORDS: dict[Kind, str] = {
    # What proves or opens: whoever reads it can act as somebody.
    Kind.SECRET: """secret credential password passphrase passcode passkey apikey keypair keystore keyring otp totp
        mfa 2fa certificate cert vault seed mnemonic jwt kms token accesskey privatekey
        signingkey clientsecret authtoken accesstoken refreshtoken pat kubeconfig login pin key""",
    # Who may do what.
    Kind.ACCESS: """permission role policy acl grant access privilege iam user member membership group team account
        tenant identity principal collaborator sharing share invite invitation whitelist
        allowlist blocklist denylist sso saml oauth scope rbac guest owner admin administrator
        subscriber protection firewall securitygroup authorization consent entitlement ban
        delegate authenticator branchprotection seat approver serviceaccount organization
        organisation ip""",
    # What moves or promises money.
    Kind.MONEY: """payment invoice charge refund payout transfer order checkout cart purchase subscription billing
        bill trade position transaction tx swap stake bid wallet fund loan deposit withdrawal
        quote coupon price discount plan license credit balance bond nft coin dispute mandate
        tip donation offer limit shipment shipping booking reservation fulfillment return
        payroll salary expense""",
    # What reaches people.
    Kind.MESSAGE: """message email mail sms text notification reply comment dm chat call voicemail fax reminder ping
        announcement letter reaction meeting event appointment thread conversation mention
        review feedback survey response alert incident newsletter pull_request merge_request
        discussion calendar_event answer template_message forward letter signature envelope
        contract form huddle status_update standup emoji""",
    # What strangers can see.
    Kind.PUBLIC: """post tweet article blog story video short reel release campaign ad advertisement listing site
        website gist snippet podcast product app store storefront pin toot status channel
        broadcast livestream stream landing_page publication package version theme menu
        rich_menu menu""",
    # What moves in the physical world.
    Kind.DEVICE: """light lamp bulb thermostat temperature lock door blind curtain garage switch plug outlet fan
        heater valve pump motor robot drone camera alarm siren sprinkler vacuum oven car vehicle
        charger scene brightness volume speaker tv device actuator relay printer climate cover""",
    # What computes when it is started.
    Kind.JOB: """job run build pipeline workflow_run task_run execution batch deployment deploy crawl training
        experiment migration rollout rollback test testrun suite script program automation process cron schedule
        scan_job action_run import export_job sync_job backup_job agent dag flow scenario zap macro notebook
        command lambda container_job worker dispatch""",
    # What runs, costs and serves.
    Kind.INFRA: """instance vm server cluster node nodepool droplet container pod service function lambda bucket
        volume_disk disk vpc subnet network domain dns zone gateway route loadbalancer queue
        topic stack resource namespace registry image snapshot replica replicaset statefulset
        daemonset ingress secret_store database deployment_slot environment env variable
        endpoint webhook hook integration connector tunnel proxy cdn cache host machine hostname
        bot application distribution keyspace warehouse compute runner workspace helm
        chart_release addon sandbox hypervisor space hub alias_record certificate_authority
        cron_trigger migration replication subscription_topic event_source trigger rule listener
        target cloud worker_script tenant_db interface mapping fleet model_deployment capacity
        quota firewall_rule""",
    # What is made at a price by a model or a renderer.
    Kind.MEDIA: """image picture photo video audio speech voice music song sound podcast avatar animation clip
        movie soundtrack logo 3d""",
    # What has a body that an update replaces.
    Kind.CONTENT: """file document doc content body page wiki readme template config configuration setting settings
        workflow dashboard definition spec specification paragraph section slide presentation
        sheet worksheet range cell block blocks text line lines code source config_map configmap
        manifest pipeline_config yaml json schema layout metadata_file prompt memory_file
        notebook_cell profile preference preferences article_draft draft canvas style formatting
        format table_data formula header footer cells data values value object item_content
        mapping pattern password_policy state""",
    # What has fields that are edited one at a time.
    Kind.RECORD: """issue ticket task subtask todo card note record row column field label tag milestone sprint epic
        board list folder directory branch project bookmark favorite favourite checklist entry
        item entity relation observation memory fact knowledge node_link edge index collection
        table view contact lead deal opportunity company customer category epic story_point
        component worklog time_entry timer goal objective feature requirement test_case bug case
        question idea playlist highlight annotation attachment alias queue_item assignee
        priority due_date title description estimate objective_key journal log_entry habit
        list_item recipe ingredient inventory asset vendor supplier contact_list shape frame
        layer wireframe comment_draft commit stash collection_item filter saved_search segment
        property attribute document_type relationship triple vector embedding document_chunk
        point dataset sample annotation_task trace span score todo_list reading_list watch_list
        subfolder page_property database_item link data_stream schema_field section_heading
        heading picture_frame pivot_table pivot data_validation worksheet_tab bullet footnote
        endnote toc alignment shading border font color colour width height padding margin
        opacity rotation iteration spacing indent""",
    # What is looked at and forgotten.
    Kind.VIEW: """status state info information detail details list listing summary history log logs stats
        statistic statistics count counts metric metrics metadata schema version health report
        overview result results output tree structure diff blame usage help docs documentation
        reference guide example examples catalog catalogue inventory_report availability
        guidelines guideline conventions convention practices
        forecast weather time date location distance elevation coordinate timezone language
        currency rate rates ranking leaderboard trend trends insight insights analytics
        profile_view capability capabilities feature_flag_state option options content contents
        data text preview screenshot snapshot_view schema_info dependency dependencies line
        lines id ids url uri path type types definition definitions page_content transcript
        transcription caption captions subtitle subtitles thumbnail suggestion suggestions
        recommendation recommendations answer answers facts quote quotes price prices""",
    # What shows data: drawing one changes nothing, keeping one adds something.
    Kind.FIGURE: """chart graph diagram plot histogram heatmap treemap map visualization visualisation spreadsheet
        infographic figure mindmap flowchart timeline sankey scatterplot barcode qrcode qr uuid
        report palette""",
    # What is only text to be looked at.
    Kind.CODE: """code syntax regex string expression json xml yaml html css markdown sql text typescript python""",
    # What is asked.
    Kind.QUESTION: """query search lookup analysis check validation lint scan diagnostic diagnostics audit benchmark
        comparison calculation estimate estimation simulation inspection discovery investigation
        review_check similarity semantic fulltext aggregation healthcheck health_check
        assessment evaluation research introspection dry_run explain whois traceroute nslookup
        dig question promql logql read get request_get""",
    # What the agent's own browser shows.
    Kind.BROWSER: """browser tab page url screenshot viewport window navigation snapshot console network
        accessibility""",
    # What points to something else.
    Kind.POINTER: """id ids uri url urls path paths dns domain domains hostname address reference references variable
        variables name names symbol symbols library entity_id handle doi slug redirect ip
        version dependency dependencies location locator type option options selector import
        imports username""",
}

KINDS: dict[str, frozenset[Kind]] = {}
for _kind, _text in _WORDS.items():
    for _word in _text.split():
        KINDS[_word] = KINDS.get(_word, frozenset()) | {_kind}

# Pairs and triples that are one noun, so that a verb inside them is none: "merge request" merges nothing.
COMPOUNDS: dict[tuple[str, ...], str] = {
    tuple(phrase.split()): noun
    for phrase, noun in {
        "pull request": "pull_request",
        "pull requests": "pull_request",
        "merge request": "merge_request",
        "merge requests": "merge_request",
        "change request": "ticket",
        "change requests": "ticket",
        "service request": "ticket",
        "service requests": "ticket",
        "feature request": "ticket",
        "feature requests": "ticket",
        "purchase order": "order",
        "purchase orders": "order",
        "change log": "history",
        "change set": "history",
        "release notes": "documentation",
        "release note": "documentation",
        "status page": "statuspage",
        "check run": "check_result",
        "check runs": "check_result",
        "check suite": "check_result",
        "check suites": "check_result",
        "test case": "test_case",
        "test cases": "test_case",
        "test plan": "test_case",
        "test plans": "test_case",
        "test suite": "test_case",
        "test suites": "test_case",
        "test result": "result",
        "test results": "result",
        "test run": "testrun",
        "test runs": "testrun",
        "time entry": "time_entry",
        "time entries": "time_entry",
        "work log": "worklog",
        "work item": "issue",
        "work items": "issue",
        "work order": "ticket",
        "work orders": "ticket",
        "user story": "issue",
        "user stories": "issue",
        "action item": "task",
        "action items": "task",
        "to do": "todo",
        "run book": "document",
        "play book": "document",
        "watch list": "watch_list",
        "play list": "playlist",
        "check list": "checklist",
        "start time": "time",
        "end time": "time",
        "stop words": "wordlist",
        "access key": "accesskey",
        "access keys": "accesskey",
        "api key": "apikey",
        "api keys": "apikey",
        "api token": "authtoken",
        "api tokens": "authtoken",
        "ssh key": "privatekey",
        "ssh keys": "privatekey",
        "deploy key": "privatekey",
        "deploy keys": "privatekey",
        "private key": "privatekey",
        "private keys": "privatekey",
        "signing key": "signingkey",
        "signing keys": "signingkey",
        "secret key": "secret",
        "client secret": "clientsecret",
        "access token": "accesstoken",
        "access tokens": "accesstoken",
        "auth token": "authtoken",
        "refresh token": "refreshtoken",
        "bearer token": "authtoken",
        "session token": "authtoken",
        "security group": "securitygroup",
        "security groups": "securitygroup",
        "service account": "serviceaccount",
        "service accounts": "serviceaccount",
        "branch protection": "branchprotection",
        "design system": "documentation",
        "release candidate": "release",
        "call graph": "graph",
        "call log": "log",
        "call logs": "logs",
        "call hierarchy": "graph",
        "build log": "log",
        "build logs": "logs",
        "search index": "index",
        "search query": "query",
        "rate limit": "usage",
        "rate limits": "usage",
        "blog post": "post",
        "blog posts": "post",
        "rich menu": "rich_menu",
        "rich menus": "rich_menu",
        "data stream": "data_stream",
        "data streams": "data_stream",
        "load balancer": "loadbalancer",
        "load balancers": "loadbalancer",
        "issue note": "comment",
        "issue notes": "comment",
        "thread note": "comment",
        "meeting note": "note",
        "meeting notes": "note",
        "dns record": "zone",
        "domain record": "zone",
        "domain records": "zone",
        "dns entry": "zone",
        "dns entries": "zone",
        "manual journal": "transaction",
        "manual journals": "transaction",
        "journal entry": "transaction",
        "journal entries": "transaction",
        "credit note": "invoice",
        "credit notes": "invoice",
        "credit memo": "invoice",
        "debit note": "invoice",
        "expense report": "expense",
        "expense reports": "expense",
        "expense claim": "expense",
        "sales order": "order",
        "sales orders": "order",
        "1 click": "product",
        "go live": "publish",
        "one click": "product",
        "dns records": "zone",
        "config map": "config_map",
        "config maps": "config_map",
        "node pool": "nodepool",
        "node pools": "nodepool",
        "environment variable": "variable",
        "environment variables": "variable",
        "env var": "variable",
        "env vars": "variable",
        "dry run": "dry_run",
        "post mortem": "document",
        "code review": "review",
        "open api": "spec",
        "open issues": "issue",
        "open tickets": "ticket",
        "open tasks": "task",
        "open orders": "order",
        "open positions": "position",
        "open incidents": "incident",
        "calendar event": "calendar_event",
        "calendar events": "calendar_event",
        "stack trace": "log",
        "stack overflow": "documentation",
        "health check": "health_check",
        "dead letter": "letter",
        "drop down": "options",
        "pull quote": "quote",
        "buy box": "price",
        "pay load": "data",
        "pivot table": "pivot_table",
        "pivot tables": "pivot_table",
        "feature flag": "setting",
        "feature flags": "setting",
    }.items()
}

# Words that make what they stand with restricted, wherever they stand in a name or at the heart of a description.
RESTRICTED = wordset(
    """secret secrets credential credentials password passwords passphrase passcode apikey apikeys keypair
    keystore keyring otp totp mnemonic kubeconfig vault vaults iam acl acls rbac permission permissions
    privilege privileges role roles accesskey privatekey signingkey clientsecret authtoken accesstoken
    refreshtoken serviceaccount sso saml scim mfa 2fa jwt patient patients medical medication medications
    prescription prescriptions diagnosis diagnoses ehr emr fhir hl7 clinical vitals allergy allergies
    immunization immunizations dicom phi health_record creditcard iban passkey passkeys entitlement
    entitlements ssn securitygroup collaborator collaborators oauth cvv seedphrase payment_method
    collaboration_invite branchprotection grants tfa logins hipaa heart_rate blood sleep glucose ecg
    presigned presign signed_url sts kerberos ldap dsn dsns"""
)

# Pairs that are restricted together though neither half is.
RESTRICTED_PAIRS = frozenset(
    tuple(pair.split())
    for pair in """payment method|payment methods|credit card|credit cards|bank account|bank accounts|card number
    |account number|health record|health records|medical record|medical records|org member|org members|org group
    |org groups|org policy|org policies|organization member|organization members|organization policy
    |organization policies|access policy|access policies|bucket policy|resource policy|security policy
    |group member|group members|device approval|access control|access controls|access rights|access level
    |seed phrase|recovery code|recovery codes|recovery phrase|signed url|presigned url|pre signed|encryption key
    |encryption keys|kms key|kms keys|identity provider|identity providers|heart rate|blood pressure|sleep data
    |lab result|lab results|lab test|key vault|secret manager|secrets manager|login history|auth config
    |authentication config|security token|personal access|client credentials|wallet key|debit card|routing number
    |connection string|connection strings|connection uri|service key|service keys|publishable key|anon key|auth code
    |verification code|security key|security keys|trust policy|firewall rules|user permission|user permissions
    |user roles|user role|admin users|admin user|api secret|env var|env vars|environment variable
    |environment variables|deploy key|user access|access grants|access list|access logs?""".replace("\n", "").split("|")
)

CONFIDENTIAL = wordset(
    """file files content contents code source email emails mail message messages chat conversation transcript
    customer customers contact contacts user users employee employees person people profile invoice invoices
    payment payments order orders transaction transactions balance account accounts database table tables
    record records row rows document documents doc docs query sql collection member members lead leads deal
    deals memory memories note notes calendar event events attachment attachments drive inbox repository
    commit commits blame salary contract contracts clipboard screenshot history photo photos backup sheet
    worksheet workbook spreadsheet cell cells range slide presentation paragraph"""
)

PUBLIC = wordset(
    """weather forecast web docs documentation library libraries catalog catalogue news wikipedia timezone
    geocode directions currency currencies template templates tutorial arxiv paper papers npm pypi package
    packages emoji map maps elevation holiday holidays definition definitions dictionary recipe recipes
    public stock stocks market ticker"""
)

# Common nouns for what keeps secrets, identities or health records, as parts of a server's name.
KEEPERS = wordset(
    """vault secret secrets password passwords keychain keyring credential credentials identity identities iam sso
    oauth oidc auth authn authz ldap scim kms hsm fhir hl7 dicom ehr emr healthcare medical clinical patient patients"""
)
# What a vault of notes holds.
NOTES = wordset(
    """note notes markdown frontmatter wikilink wikilinks backlink backlinks file files folder folders directory
    directories tag tags page pages heading daily canvas"""
)

# Words that only name how a page of results goes on; they make nothing secret.
PAGING_TOKENS = wordset("next page pagination continuation continue max sync cursor start total min")

# Parameters that ask for any kind of thing, where one of the kinds is a secret.
ANY_KIND = wordset("kind resource_type resource_kind api_version resource object_type")
ORCHESTRATORS = wordset("kubernetes k8s kubectl openshift helm cluster argocd rancher")

# What has keys that open nothing, or verbs that go through such keys.
KEYED = wordset(
    """redis cache kv store hash value values object objects bucket issue primary foreign translation
        json config map dict state session storage scan sort partition row column index entry
        idempotency"""
)

SYSTEM_WIDE = wordset(
    """cluster system account tenant database server organization organisation instance host workspace global"""
)
COLLECTIVE = wordset(
    """all batch bulk many multiple everything list search find query directory folder collection mass
        each every recursive recursively broadcast"""
)
