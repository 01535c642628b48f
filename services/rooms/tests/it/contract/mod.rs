//! What every store has to keep, whatever it stores in. Each case runs once for each backend.

mod backend;
mod blocks;
mod codes;
mod deletions;
mod entering;
mod lists;
mod members;
mod mssql_backend;
mod races;
mod replicas;
mod rooms;
mod throttle;

use backend::SqliteBackend;
use mssql_backend::MssqlBackend;

/// Cases that belong together, as tests. On a server, where it takes long to make a database, they are one test with one
/// database, which is emptied before each.
macro_rules! group {
    (each: $backend:ident $group:ident $($case:ident)+) => {
        mod $group {
            $(#[tokio::test]
            async fn $case() {
                super::super::$group::$case(&super::super::$backend::open().await).await;
            })+
        }
    };
    (together_on_a_server: $backend:ident $group:ident $($case:ident)+) => {
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
        async fn $group() {
            let server = super::mssql_backend::Server::open().await;
            $(super::$group::$case(&super::$backend::emptied(&server).await).await;)+
        }
    };
}

/// Runs the cases on a backend: one line each.
macro_rules! suite {
    ($backend:ident as $name:ident, $how:ident: $($group:ident { $($case:ident),+ $(,)? })+) => {
        mod $name {
            $(group! { $how: $backend $group $($case)+ })+
        }
    };
}

macro_rules! every_case_on {
    ($backend:ident as $name:ident, $how:ident) => {
        suite! { $backend as $name, $how:
            rooms {
                the_creator_is_owner_and_first_member_at_entry_1,
                a_public_name_is_unique_however_it_is_written,
                a_private_rooms_name_is_unique_to_nobody,
                a_deleted_room_is_gone_and_its_name_is_free,
                only_the_owner_deletes,
                each_setting_that_changes_is_one_entry_and_one_audit_row,
                a_room_made_public_claims_its_name_and_loses_its_code,
                a_room_made_private_is_hidden_at_once,
                one_owns_so_many_rooms_and_no_more,
                numbers_are_never_given_twice,
            }
            lists {
                rooms_are_listed_by_name_in_pages_that_miss_nothing,
                a_list_holds_no_room_that_one_may_not_see,
                a_search_takes_every_character_as_it_is,
                own_rooms_are_found_by_name_before_others,
                only_admins_learn_whether_a_code_opens_the_room,
                members_are_listed_in_the_order_of_their_coming,
            }
            entering {
                joining_twice_is_one_entry,
                a_private_room_and_no_room_are_the_same_refusal,
                a_newcomer_sees_what_the_setting_gives,
                a_full_room_takes_nobody,
                one_leaves_and_the_owner_does_not,
                version_0_joins_public_rooms_and_brings_nobody_back,
                what_happens_is_published_in_the_order_of_the_log,
            }
            codes {
                a_code_opens_its_own_room_alone,
                a_rotated_or_removed_code_opens_nothing,
                a_chosen_code_is_proved_by_its_version,
                a_code_ends_at_its_time,
                a_code_opens_as_often_as_it_was_made_for,
                a_public_room_has_no_code,
                codes_are_set_by_admins_and_audited,
            }
            throttle {
                the_sixth_wrong_code_of_a_minute_is_not_heard,
                twenty_wrong_codes_an_hour_are_enough_for_all_rooms,
                a_success_does_not_count,
                tries_at_once_do_not_outrun_the_limit,
                without_limits_nothing_is_counted,
            }
            members {
                an_admin_adds_members_and_only_the_owner_makes_admins,
                adding_a_member_again_changes_nothing,
                a_removed_member_is_out_and_may_come_back,
                admins_are_removed_by_the_owner_alone,
                removing_oneself_is_leaving,
                a_name_that_nobody_has_is_told_to_admins_alone,
                a_transfer_leaves_one_owner,
                a_room_is_transferred_to_a_member_alone,
                names_are_found_as_typed_and_as_registered,
            }
            blocks {
                a_block_ends_the_membership_in_the_same_entry,
                a_blocked_member_cannot_rejoin_with_a_valid_code,
                a_block_that_ran_out_permits_joining_again,
                a_block_made_anew_replaces_the_one_before,
                the_same_block_asked_for_again_is_not_told_again,
                a_stranger_is_blocked_before_ever_coming,
                an_unblocked_user_joins_again,
                a_blocked_user_is_not_added,
                admins_and_owners_are_out_of_an_admins_reach,
                blocks_are_listed_to_admins_alone,
                the_audit_tells_every_act_newest_first,
            }
            deletions {
                a_deleted_account_leaves_its_rooms,
                the_room_of_a_deleted_owner_passes_to_the_longest_standing_admin,
                the_room_of_a_deleted_owner_who_was_alone_is_deleted,
                marks_move_forward,
            }
            races {
                two_hundred_joins_and_a_block_at_once_agree_with_the_log,
                of_two_rooms_made_at_once_one_has_the_name,
                two_transfers_at_once_leave_one_owner,
            }
            replicas {
                joins_and_blocks_at_two_replicas_agree_with_the_log,
                rooms_made_at_two_replicas_do_not_outrun_the_owners_limit,
                rooms_given_to_one_user_at_once_do_not_outrun_the_limit,
                of_rooms_renamed_at_two_replicas_one_gets_the_name,
                tries_at_two_replicas_do_not_outrun_the_limit,
                the_last_use_of_a_code_is_spent_once,
                a_code_rotated_at_one_replica_opens_nothing_at_the_other,
                nobody_joins_a_room_after_its_last_entry,
                of_transfers_and_deletions_at_once_one_is_done,
                two_followers_end_a_membership_once,
            }
        }
    };
}

every_case_on!(SqliteBackend as sqlite, each);
every_case_on!(MssqlBackend as mssql, together_on_a_server);
