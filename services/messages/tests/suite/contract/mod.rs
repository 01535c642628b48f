//! What every store must do, run on every backend: a further one is one more line at the end.

mod cancelling;
mod changing;
mod plain;
mod posting;
mod racing;
mod reading;
mod searching;
mod sweeping;
mod unread;

macro_rules! case {
    (always, $backend:ty, $module:ident, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            crate::contract::$module::$case::<$backend>().await;
        }
    };
    (with_server, $backend:ty, $module:ident, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
        async fn $case() {
            crate::contract::$module::$case::<$backend>().await;
        }
    };
}

macro_rules! cases {
    ($when:tt, $backend:ty, $module:ident: $($case:ident),+ $(,)?) => {
        mod $module {
            $(case!($when, $backend, $module, $case);)+
        }
    };
}

macro_rules! contract_on {
    ($when:tt $name:ident, $backend:ty) => {
        mod $name {
            cases!($when, $backend, posting:
                a_post_is_a_message_an_entry_and_an_event,
                the_same_key_gets_the_original_answer_whatever_happened_since,
                the_same_key_with_another_text_is_refused,
                a_key_belongs_to_its_author_and_its_room,
                an_outsider_posts_nothing_and_burns_no_number,
                one_who_was_put_out_gets_a_refusal_even_for_a_repeat,
                a_block_that_has_run_out_is_no_longer_told,
                a_reply_answers_a_message_of_its_room_that_its_author_sees,
                mentions_are_members_at_the_time_of_the_post,
            );
            cases!($when, $backend, changing:
                an_edit_changes_the_message_and_not_its_past,
                an_edit_to_the_same_text_is_no_entry,
                only_the_author_edits_and_only_while_a_member,
                a_deletion_erases_every_text,
                a_deletion_erases_what_was_not_indexed_yet,
                an_admin_deletes_what_others_wrote,
                a_message_of_another_room_is_not_found,
            );
            cases!($when, $backend, reading:
                pages_meet_without_a_gap_or_an_overlap,
                a_message_is_read_by_its_id_as_it_is_now_by_those_who_may_see_it,
                a_page_around_a_seq_has_both_sides,
                one_who_came_later_sees_what_the_room_gives_a_newcomer,
                an_edit_shows_a_newcomer_no_text_from_before,
                only_the_author_gets_the_key,
                a_deleted_account_is_shown_as_such,
                no_text_breaks_paging,
                a_cursor_beyond_any_head_is_an_empty_page,
                outsiders_read_nothing_by_any_call,
                services_read_the_log_of_a_deleted_room,
            );
            cases!($when, $backend, unread:
                unread_counts_from_where_one_came_in,
                a_marker_moves_forward_and_to_the_head_at_most,
                mentions_count_while_their_text_exists,
                counts_of_hundreds_of_rooms_are_right,
            );
            cases!($when, $backend, searching:
                words_are_found_whatever_their_case_and_accents,
                nothing_in_a_query_is_syntax,
                a_search_stays_within_what_one_may_read,
                pages_of_finds_stand_still_while_messages_arrive,
                a_search_finds_what_was_acknowledged_just_before,
                an_edited_or_deleted_text_is_not_found,
                one_in_very_many_rooms_searches_them_all,
                a_page_ends_after_bounded_work_and_the_next_one_goes_on,
            );
            cases!($when, $backend, sweeping:
                what_a_crash_kept_from_being_sent_is_sent_once,
                an_orderly_end_leaves_nothing_behind,
                texts_of_a_deleted_room_are_erased,
                a_room_that_is_merely_missing_keeps_its_texts,
            );
            cases!($when, $backend, plain:
                the_latest_messages_without_deleted_ones,
                a_public_room_is_read_without_joining_and_a_barred_user_sees_none,
                a_private_room_is_there_for_its_members_alone,
                a_stranger_reads_nothing_of_a_room_that_gives_newcomers_nothing,
            );
            cases!($when, $backend, racing:
                many_posters_get_contiguous_numbers_and_events_in_order,
                one_key_at_once_a_hundred_times_is_one_message,
                two_processes_number_the_posts_of_one_room,
                nothing_lands_after_the_block,
            );
            cases!($when, $backend, cancelling:
                what_is_given_up_at_any_moment_leaves_nothing_half_done,
            );
        }
    };
}

contract_on!(with_server mssql, crate::world::mssql::MssqlBackend);
contract_on!(always sqlite, crate::world::sqlite::SqliteBackend);
