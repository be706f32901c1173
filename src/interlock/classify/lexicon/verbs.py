"""English verbs by what they do to an ordinary object.

A verb whose meaning depends on its object stands in ``acts.py`` with that object's kinds.
"""

from __future__ import annotations

from interlock.classify.effects import (
    ADD,
    ARBITRARY,
    DESTROY,
    EDIT,
    GRANT,
    HALT,
    OPERATE,
    PAY,
    PUBLISH,
    READ,
    REMOVE,
    REPLACE,
    REVEAL,
    REVOKE,
    RUN,
    SEND,
    TOUCH,
    Effect,
)
from interlock.classify.lexicon.text import wordset

_WORDS: tuple[tuple[Effect, str], ...] = (
    # Looking: nothing durable changes.
    (
        READ,
        """get list read show view describe display find search fetch retrieve lookup look query browse
        inspect examine peek scan grep glob locate discover explore enumerate count tally
        measure calculate compute sum average estimate evaluate_metric compare diff contrast
        analyze analyse assess audit review_only verify validate check lint parse tokenize
        decode encode hash encrypt_text decrypt_text convert translate transliterate summarize
        summarise explain interpret describe_image classify categorize_text detect recognize
        recognise identify extract scrape crawl screenshot snapshot_page preview visualize
        visualise plot render draw_chart monitor observe trace track tail poll_status ping probe
        whois geocode reverse_geocode navigate scroll hover wait sleep_ms think reason ponder
        plan brainstorm recommend suggest advise predict forecast infer rank score_text
        rate_text match correlate cluster_data aggregate group_by filter sort project_view
        sample head tail stat has exists is whoami which what who where
        when how why info help about status return provide give tell ask answer_question lookup
        consult reference cite select_rows download introspect profile_query debug diagnose
        troubleshoot investigate triage recall remember_query retrieve intersect join_tables
        solve simulate test_connection embed vectorize similarity outline digest peruse survey
        view_only examine resolve_id expand drill pick distance sizeof quote_price see learn
        know understand demonstrate illustrate cover contain include present report_only offer
        echo ocr transcribe hear listen inspect dump_schema tabulate pivot_view aggregate
        crosscheck proofread spellcheck benchmark_read detail surface access obtain acquire_info
        collect gather load_docs reveal_location load lookup extrapolate interpolate normalize
        cross_reference crossref disassemble decompile unminify prettify stringify beautify
        geolocate go rephrase paraphrase reword simplify condense polish romanize lemmatize
        subtract multiply divide round interrogate surf skim scout survey_view contextualize glean decompose
        deobfuscate demangle detokenize unescape escape humanize pluralize capitalize dedent indent_text
        anonymize_text weigh gauge appraise quantify characterize profile_data visualise_data reason_about
        rerank decipher disambiguate decrypt_id stats logs read_only self_check healthcheck hello greet time now""",
    ),
    # Looking at what must not be seen.
    (REVEAL, "reveal unmask decrypt unseal unlock_secret dump_credentials"),
    # New things inside the tenant, and taking them back.
    (
        ADD,
        """append insert prepend attach bookmark star favorite favourite pin note memorize memorise
        remember jot annotate highlight clone_local duplicate copy save store persist stash
        log_work record_time index ingest upload_local draft export backup cache_warm mkdir
        touch_file branch fork_local init initialize initialise scaffold observe_add learn_fact
        embed_store open_issue concat zip compress snapshot checkpoint unzip unpack decompress
        untar extract_to vendor cache mirror serialize""",
    ),
    # Changes of fields that the product itself can change back.
    (
        EDIT,
        """rename move reorder sort_rows label tag untag unlabel categorize categorise assign unassign
        prioritize estimate_task transition archive unarchive restore_view reopen complete
        uncomplete finish mark unmark flag unflag mute unmute snooze unsnooze follow
        unfollow_local subscribe_local watch_issue unwatch link relate indent outdent nest group
        ungroup sort_list resize align format_cells freeze unfreeze hide unhide collapse connect
        disconnect mount unmount register_local toggle_done star_item unstar favorite_remove
        unpin lock_issue adjust tweak annotate_record map localize focus configure_view
        acknowledge ack snooze_alert dismiss skip defer reschedule_local rotate_page crop_local
        normalize_rows autofit merge_cells unmerge split_cells select_project use switch_context
        activate_project stage unstage checkout_branch add_dependency claim lease touch bump
        retitle recolor recolour relabel reindex refresh rebuild_index recalculate warm preload
        pop_state increment decrement incr decr dequeue consume ack_message consolidate""",
    ),
    # What was there before is gone or covered, perhaps with a copy elsewhere.
    (
        REPLACE,
        """overwrite replace write rewrite put patch revert rollback undo reset restore override
        swap_content substitute fix autofix repair refactor migrate_data transform_in_place
        import sync synchronize synchronise merge rebase squash amend cherrypick edit_file
        format_disk apply upsert bulk_write upgrade_schema reconcile dedupe deduplicate push
        commit_changes truncate_text compact vacuum alter shrink clip anonymize anonymise redact
        obfuscate cleanse convert_in_place defragment optimize pull checkout clean""",
    ),
    # Data goes away.
    (
        REMOVE,
        """delete remove drop purge erase destroy_record wipe clear trash discard truncate prune evict expunge
        unset eliminate forget flush empty cleanup del rm rmdir unlink shred obliterate nuke annihilate
        delist dispose gc reap expire_now nullify deindex detach dissociate disassociate unregister
        deregister zap_data scrub scratch bin bury tombstone invalidate cull sweep extirpate vaporize burn_after
        kill_rows abandon uproot undelete_permanently detruncate zero zeroize exterminate hard_delete""",
    ),
    # People are reached.
    (
        SEND,
        """send email mail notify message reply respond answer comment broadcast announce text sms dm tweet
        retweet invite mention alert page forward call dial phone chat post submit nudge poke
        contact remind escalate react upvote downvote vote like unlike review approve reject
        decline accept rsvp sign cosign countersign endorse request ping_user tag_user reach
        whisper fax voice say speak shout converse book schedule reschedule unsend
        assign_reviewer rate complain dispute appeal apply_job nominate petition handoff
        feedback poll survey connect_request unfriend befriend follow_user subscribe unsubscribe
        crosspost""",
    ),
    # Strangers can see it.
    (
        PUBLISH,
        """publish unpublish release ship launch advertise share syndicate promote list_for_sale expose upload
        submit livestream stream_live go_live open_source demote feature_publicly""",
    ),
    # Money or rights move.
    (
        PAY,
        """pay purchase buy sell order checkout_cart charge bill refund transfer withdraw deposit trade
        swap stake unstake mint burn bid donate tip redeem invoice reimburse payout settle lend
        borrow repay wire fund subscribe_plan renew upgrade_plan airdrop liquidate short hedge
        delegate bridge wrap unwrap auction rent lease_out remit disburse tokenize_card
        capture_payment void reserve hire spend rebalance compensate fulfill ship_order
        return_order claim_reward vest escrow""",
    ),
    # Something starts to run.
    (
        RUN,
        """run execute exec rerun trigger invoke dispatch launch_job start_job deploy redeploy fire retry
        replay process perform do play build compile train finetune fine_tune benchmark install
        uninstall reinstall bootstrap provision orchestrate automate action spawn fork kick
        kickoff enqueue emit signal publish_message evaluate eval resume continue step
        promote_build hook callback transact relay simulate_live render_video synthesize print
        script sideload inject load_test attack exploit fuzz bruteforce crack hack flood produce
        drive fly drill_hole dispense roll hatch crank engage actuate handle_job unleash shell
        bash command make operate plugin hotfix flash debug_step call_function call_tool
        use_tool handle crunch repl""",
    ),
    # What runs is steered.
    (
        OPERATE,
        """start restart reboot scale upgrade downgrade resize_instance migrate failover switchover boot
        power enable activate turn toggle dim brighten arm disarm unlock lock open_door
        close_door steer accelerate unpause wake hibernate suspend pause reload
        rebalance_cluster cordon uncordon drain taint autoscale expand_disk attach_volume
        mount_volume allocate associate peer route redirect enroll configure setup adopt onboard
        offboard register route_traffic bind unbind expose_port rollout commission
        transition_stage reconnect throttle tune overclock delegate_zone home dock undock land
        takeoff heat cool spin warmup play_music set_volume""",
    ),
    # What runs is ended.
    (
        HALT,
        """stop terminate kill cancel abort halt shutdown interrupt decommission disable deactivate end
        teardown quit exit preempt block ban suspend_user freeze_account quarantine isolate
        mute_user evacuate detach_volume undeploy scale_down deprovision unschedule hangup
        logout signout eject deallocate withdraw_offer reject_build release_ip sever unenroll
        offline brick""",
    ),
    (DESTROY, "destroy deprovision_all raze demolish detonate factory_reset reformat annul"),
    # Who may do what.
    (
        GRANT,
        """grant authorize authorise permit allow whitelist allowlist delegate_access impersonate assume
        authenticate login signin sign_in elevate sudo entitle issue_token attest credential sudo promote_user
        unban unblock onboard_user signup""",
    ),
    (
        REVOKE,
        """revoke rotate rekey deauthorize deauthorise unauthorize denylist blacklist blocklist unshare expel deny""",
    ),
    # A live page or screen is worked.
    (
        TOUCH,
        """click interact tap press type fill drag drop_on dblclick doubleclick rightclick swipe keypress
        keyboard mouse select_option submit_form upload_file_to_page fill_form handle_dialog
        accept_dialog enter check_box uncheck pinch longpress""",
    ),
    # Whatever the argument says.
    (ARBITRARY, "manage administer control manipulate crud admin"),
)

PLAIN: dict[str, Effect] = {}
for _effect, _text in _WORDS:
    for _word in _text.split():
        _known = PLAIN.get(_word)
        if _known is None or _effect.severity > _known.severity:
            PLAIN[_word] = _effect

# Words that are nouns where they stand behind "and" or "or" without an article: "by URL or replay ID".
NOUNS_BEHIND_AND = wordset(
    """update upload download replay launch retry rerun restart delay drop gain press touch type click insert
    release increase decrease reset restore install upgrade downgrade pause start stop cancel dispatch
    push rollout rollback failover switchover handoff checkout teardown shutdown cleanup signup login
    logout signin hotfix callback takeoff snapshot archive match trigger
    purchase sale return deploy deployment rent capture"""
)

# Verbs whose result may well be kept nowhere: their effect is a guess.
GUESSED = wordset("generate prepare compose_text design map")

# Verbs that say nothing by themselves: their object, or the rest of the name, decides.
LIGHT = wordset(
    """run execute exec perform do make process use handle manage administer control issue conduct
        invoke call"""
)

# Verbs that are as often nouns: in "order_list" and "comment.get" they are what is listed and got.
NOUNISH = wordset(
    """order comment message post review share build test deploy release report request email mail text
        call page alert record branch tag label note star pin link group list query search view
        log index cache copy export import backup snapshot archive draft store stream chat
        contact charge invoice bill transfer trade refund schedule plan process run action
        script command hook plugin print play bid tip stake fund swap power feature project
        sample head tail status info help time user like vote poll survey feedback block lock
        switch drill home dock control filter sort trace track profile answer reply invite
        mention notification stage step signal change set key order match score rate rank map
        mirror branch fork commit patch merge rebase stash issue ticket image file service ship
        book sign form form_field field function monitor access detail cover fix wire short
        bridge bond lease claim mount bin pull push checkout transition approval access sync
        estimate forecast summary preview benchmark audit digest outline abstract scan crawl
        shell bash keyboard mouse attack exploit hack exit end return offer land route boot heat
        cool level credential login signal admin guard hash calendar event eval author embed stats logs load
        store forward reverse static tweet retweet"""
)
