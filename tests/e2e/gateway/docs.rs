//! `/docs`: a page that works without the rest of the internet, and that others cannot put into theirs.

use chatapp_testkit::{Answer, Platform, User};

/// What a page, a style or a script names as an asset, by the words before it.
const LOADS: [&str; 6] = ["src=\"", "href=\"", "src='", "href='", "url(", "@import "];

fn assets(page: &str) -> Vec<String> {
    let found = LOADS.iter().flat_map(|word| page.split(word).skip(1));
    found
        .map(|rest| rest.trim_start_matches(['"', '\'']))
        .map(|rest| rest.split(['"', '\'', ')', '>', ';', ' ']).next().unwrap_or_default().to_owned())
        .filter(|target| !target.is_empty() && !target.starts_with('#') && !target.starts_with("data:"))
        .collect()
}

/// The page itself, wherever its address is redirected to, with the folder that its assets are relative to.
async fn page(nobody: &User) -> (String, Answer) {
    let mut path = "/docs".to_owned();
    for _ in 0..3 {
        let answer = nobody.get(&path).await;
        match answer.headers.get("location") {
            Some(to) => to.to_str().unwrap().clone_into(&mut path),
            None => return (path, answer),
        }
    }
    panic!("redirected again and again");
}

#[tokio::test]
async fn the_page_loads_nothing_from_outside() {
    let platform = Platform::start().await;
    let nobody = User::anonymous(&platform);
    let (path, page) = page(&nobody).await;
    assert_eq!(page.status, 200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let assets = assets(&page.text);
    assert!(assets.iter().any(|asset| asset.contains(".js")), "no script: {assets:?}");
    for asset in assets {
        assert!(!asset.contains("//"), "{asset} is loaded from outside");
        let at =
            if asset.starts_with('/') { asset.clone() } else { format!("{folder}/{}", asset.trim_start_matches("./")) };
        let loaded = nobody.get(&at).await;
        assert_eq!(loaded.status, 200, "{at}");
        // The bundle itself speaks of many addresses in its comments and schemas; what starts it names our own alone.
        if at.contains("initializer") || at.contains("config") {
            assert!(loaded.text.contains("/openapi.json"), "{at} does not load our description");
            assert!(!loaded.text.contains("://"), "{at}: {}", loaded.text);
        }
    }
}

#[tokio::test]
async fn a_browser_is_told_to_load_nothing_else_and_to_frame_it_nowhere() {
    let platform = Platform::start().await;
    let nobody = User::anonymous(&platform);
    let (_, page) = page(&nobody).await;
    let header = |name: &str| page.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let policy = header("content-security-policy");
    assert!(policy.contains("default-src 'self'") || policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("http") && !policy.contains('*') && !policy.contains("unsafe-eval"), "{policy}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(!header("referrer-policy").is_empty());
    assert!(!page.headers.contains_key("server"));
}
