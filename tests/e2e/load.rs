//! The load tool, with little load: that everything arrives once is checked, how fast it is not.

use std::process::Stdio;

use chatapp_testkit::binary;
use serde_json::Value;

/// The runs of these cases, shortened.
async fn runs(args: &[&str]) -> Vec<Value> {
    let load = tokio::process::Command::new(binary("load"))
        .args(["--short", "--json"])
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(load.status.success(), "{}", String::from_utf8_lossy(&load.stdout));
    load.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

#[tokio::test]
async fn under_load_every_message_arrives_once_and_in_order() {
    let runs = runs(&["fan200x16", "acked64", "rooms100"]).await;
    let counts: Vec<_> = runs.iter().map(|run| (run["case"].as_str().unwrap(), run["deliveries"].as_u64())).collect();
    assert_eq!(counts, [("fan200x16", Some(12_800)), ("acked64", Some(10_240)), ("rooms100", Some(10_000))]);
    for run in runs {
        assert_eq!((&run["gaps"], &run["duplicates"]), (&0.into(), &0.into()), "{run}");
        assert!(run["cpu_us_per_delivery"].as_f64().is_some(), "{run}");
    }
}

#[tokio::test]
async fn pages_of_a_history_that_was_built_without_the_server_are_whole() {
    let runs = runs(&["history1k"]).await;
    assert_eq!(runs.len(), 3, "at its begin, middle and end");
}
