//! What is played for every change: each scenario in each of its forms, with a seed that the variable `FAULTS_SEED` may
//! change. A failure says how to play it again.

use chatapp_faults::{Form, Length, find, perform};

async fn play(name: &str, form: Form) {
    let seed = std::env::var("FAULTS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let scenario = find(name).expect("a scenario");
    let report = perform(scenario, form, seed, Length::Quick).await;
    assert!(report.is_sound(), "cargo run -p chatapp-tests --bin faults -- run {report}");
}

macro_rules! quick {
    ($($test:ident = $name:literal in $form:ident;)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            play($name, Form::$form).await;
        })+

        #[test]
        fn every_scenario_that_is_quick_is_played() {
            let played = [$(($name, Form::$form)),+];
            for scenario in chatapp_faults::all() {
                for form in scenario.quick {
                    assert!(played.contains(&(scenario.name, *form)), "{} in {form:?}", scenario.name);
                }
            }
        }
    };
}

quick! {
    without_a_fault_every_promise_holds = "calm" in Alone;
    without_a_fault_every_promise_holds_between_replicas = "calm" in Replicas;
    a_kill_at_any_moment_breaks_no_promise = "kill" in Alone;
    kills_of_any_service_break_no_promise = "kill" in Replicas;
    a_crash_before_the_commit_breaks_no_promise = "crash-at-write" in Alone;
    a_crash_after_the_commit_breaks_no_promise = "crash-after-commit" in Replicas;
    a_process_that_stood_still_breaks_no_promise = "frozen-process" in Replicas;
    a_restart_under_load_breaks_no_promise = "restart" in Alone;
    a_bus_that_comes_back_empty_breaks_no_promise = "bus-restart" in Replicas;
    a_frozen_bus_holds_up_neither_sends_nor_delivery = "bus-frozen" in Replicas;
    whoever_is_cut_off_from_the_bus_reads_the_log = "bus-cut" in Replicas;
    lost_events_are_found_by_their_number = "bus-lossy" in Replicas;
    the_loss_of_a_last_event_is_noticed = "last-event-lost" in Replicas;
    repeated_and_late_events_are_not_delivered_again = "bus-repeats" in Replicas;
    a_lost_answer_is_settled_by_its_key = "lost-answers" in Alone;
    a_slow_network_breaks_no_promise = "slow-network" in Alone;
    clients_that_hang_up_leave_nothing_behind = "hang-ups" in Alone;
    all_sockets_dropped_at_once_come_back = "reconnect-herd" in Alone;
    a_client_that_does_not_read_slows_nobody = "slow-reader" in Alone;
    a_gateway_cut_off_from_the_services_recovers = "services-cut" in Replicas;
    a_full_disk_acknowledges_nothing_and_recovers = "disk-full" in Alone;
    a_real_disk_that_is_full_acknowledges_nothing_it_cannot_keep = "small-disk" in Alone;
    a_failed_fsync_ends_acknowledgements = "fsync-error" in Alone;
    a_loss_of_power_takes_nothing_that_was_acknowledged = "power-loss" in Alone;
    a_clock_that_jumps_breaks_no_promise = "clock-steps" in Alone;
    a_database_that_is_held_refuses_writes_and_is_read = "database-held" in Alone;
    sends_that_race_a_block_are_before_it_or_refused = "send-against-block" in Replicas;
    a_subscription_under_load_misses_nothing = "subscribe-under-load" in Replicas;
    one_key_at_two_places_is_one_message = "one-key-twice" in Replicas;
    connections_that_dribble_slow_nobody = "slowloris" in Alone;
    bad_frames_end_their_connection_alone = "bad-frames" in Alone;
    no_request_makes_an_internal_error = "random-requests" in Alone;
    a_flood_of_log_ins_slows_no_sender = "login-flood" in Alone;
}
