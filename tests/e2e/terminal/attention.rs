//! Calling for attention: bell, the terminal's notification, the desktop's, a program of one's own; per room.

use std::os::unix::fs::PermissionsExt as _;

use chatapp_testkit::{Platform, User, eventually, unique_name};

use super::full::{id_of, makes_a_room};
use super::screen::Terminal;
use crate::home::Home;

/// A notification of the desktop goes to a program of this name; this one writes down what it is given.
fn has_a_desktop(home: &Home) {
    let folder = home.files().join("bin");
    std::fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("notify-send");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s|' \"$@\" >> \"$CHAT_CONFIG_DIR/desktop\"\n").expect("a program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
}

async fn written(home: &Home, name: &str, what: &str) -> String {
    let path = home.files().join(name);
    eventually(&format!("{what:?} in {name}"), || {
        let text = std::fs::read_to_string(&path).ok().filter(|text| text.contains(what));
        async move { text }
    })
    .await
}

#[tokio::test]
async fn a_room_calls_for_attention_as_its_setting_says_in_every_way_that_is_chosen() {
    let platform = Platform::start().await;
    let home = Home::registered(&platform, "ann").await;
    let bob = User::register(&platform, "bob").await;
    has_a_desktop(&home);
    let settings = "[notify]\nbell = true\nosc = \"777\"\ndesktop = true\n\
                    hook = [\"sh\", \"-c\", \"cat >> \\\"$CHAT_CONFIG_DIR/told\\\"\"]\n";
    std::fs::write(home.files().join("chat.toml"), settings).expect("the settings");
    let line = "export DISPLAY=:0 PATH=\"$CHAT_CONFIG_DIR/bin:$PATH\"; exec \"$CHAT\"";
    let mut ann = Terminal::shell(&home, line);
    ann.shows("You are in no room yet.").await;
    let (busy, quiet, named) = (unique_name("busy"), unique_name("quiet"), unique_name("named"));
    let mut ids = vec![];
    for (room, level) in [(&busy, "all"), (&quiet, "none"), (&named, "mentions")] {
        makes_a_room(&mut ann, room).await;
        ann.types(&format!(":notify {level}")).await;
        ann.shows("your attention").await;
        let id = id_of(&bob, room).await;
        bob.join(&id).await;
        ids.push(id);
    }
    makes_a_room(&mut ann, &unique_name("elsewhere")).await;
    let before = ann.bytes().len();
    bob.say(&ids[1], &format!("quiet @{}", home.name)).await;
    bob.say(&ids[2], "not about anybody").await;
    bob.say(&ids[0], "said in the busy room").await;
    bob.say(&ids[2], &format!("about @{}", home.name)).await;
    let told = written(&home, "told", "about @").await;
    let calls: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let room = |text: &str| calls.iter().find(|c| c["text"] == text).map(|c| (c["room"].clone(), c["mention"].clone()));
    assert_eq!(room("said in the busy room"), Some((busy.clone().into(), false.into())), "{told}");
    assert_eq!(room(&format!("about @{}", home.name)), Some((named.clone().into(), true.into())), "{told}");
    assert_eq!(calls.len(), 2, "{told}");
    let desktop = written(&home, "desktop", "about @").await;
    assert!(
        desktop.contains(&format!("--app-name=chat|--|{} in {busy}|said in the busy room|", bob.name)),
        "{desktop}"
    );
    assert!(!desktop.contains("quiet @") && !desktop.contains("not about"), "{desktop}");
    let sent = String::from_utf8_lossy(&ann.bytes()[before..]).into_owned();
    let notice = |room: &str, text: &str| format!("\u{7}\u{1b}]777;notify;{} in {room};{text}\u{7}", bob.name);
    assert!(sent.contains(&notice(&busy, "said in the busy room")), "no bell or notification");
    assert!(sent.contains(&notice(&named, &format!("about @{}", home.name))));
    assert_eq!(sent.matches('\u{7}').count(), 4, "a bell and the end of a notification each");
}
