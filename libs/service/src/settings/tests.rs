use std::path::Path;

use clap::CommandFactory as _;

use super::*;

#[derive(Parser, Debug)]
struct Program {
    #[command(flatten)]
    config: ConfigFileArg,
    #[arg(long, env = "CHATAPP_TEST_EVERYWHERE", global = true)]
    everywhere: Option<String>,
    #[command(subcommand)]
    command: Sub,
}

#[derive(clap::Subcommand, Debug)]
enum Sub {
    Up(Up),
    Other { words: Vec<String> },
}

#[derive(Args, Debug)]
struct Up {
    #[arg(long, env = "CHATAPP_TEST_LISTEN", default_value = "built-in")]
    listen: String,
    #[arg(long, env = "CHATAPP_TEST_FAST")]
    fast: bool,
    #[arg(long, env = "CHATAPP_TEST_ORIGINS")]
    origins: Vec<String>,
    #[arg(long, env = "CHATAPP_TEST_COUNT", default_value_t = 1)]
    count: u32,
    #[command(flatten)]
    pair: Option<Pair>,
}

#[derive(Args, Debug)]
struct Pair {
    #[arg(long, env = "CHATAPP_TEST_LEFT", required = false, requires = "right")]
    left: String,
    #[arg(long, env = "CHATAPP_TEST_RIGHT", required = false, requires = "left")]
    right: String,
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn parse_words(words: &[&str], defaults: &[(&str, &'static str)]) -> Result<Settings<Program>, SettingsError> {
    let argv = std::iter::once("program").chain(words.iter().copied()).map(OsString::from);
    parse::<Program>(Program::command(), argv, defaults)
}

fn up(words: &[&str], config: &Path, defaults: &[(&str, &'static str)]) -> (Up, Settings<()>) {
    let config = config.to_str().unwrap();
    let words: Vec<&str> = ["up", "--config", config].into_iter().chain(words.iter().copied()).collect();
    let Settings { args, file, unknown } = parse_words(&words, defaults).unwrap();
    let Sub::Up(up) = args.command else { panic!("not up") };
    (up, Settings { args: (), file, unknown })
}

#[test]
fn a_flag_counts_before_the_file_and_the_file_before_defaults() {
    let config = file("test_listen = \"from file\"\n");
    let defaults = [("listen", "of this program")];
    assert_eq!(up(&["--listen", "typed"], config.path(), &defaults).0.listen, "typed");
    assert_eq!(up(&[], config.path(), &defaults).0.listen, "from file");
    let empty = file("");
    assert_eq!(up(&[], empty.path(), &defaults).0.listen, "of this program");
    assert_eq!(up(&[], empty.path(), &[]).0.listen, "built-in");
}

#[test]
fn tables_lists_numbers_and_switches_are_settings_too() {
    let config = file("[test]\nfast = true\ncount = 7\norigins = [\"a\", \"b\"]\nleft = \"l\"\nright = \"r\"\n");
    let (up, settings) = up(&[], config.path(), &[]);
    assert!(up.fast);
    assert_eq!((up.count, up.origins), (7, vec!["a".to_owned(), "b".to_owned()]));
    let pair = up.pair.unwrap();
    assert_eq!((pair.left.as_str(), pair.right.as_str()), ("l", "r"));
    assert_eq!(settings.file.as_deref(), Some(config.path()));
    let off = file("test_fast = false\n");
    assert!(!super::tests::up(&[], off.path(), &[]).0.fast);
}

#[test]
fn settings_of_another_subcommand_do_not_disturb() {
    let config = file("test_listen = \"x\"\ntest_everywhere = \"here\"\n");
    let settings = parse_words(&["--config", config.path().to_str().unwrap(), "other", "--", "--listen"], &[]).unwrap();
    assert_eq!(settings.args.everywhere.as_deref(), Some("here"));
    assert!(matches!(settings.args.command, Sub::Other { words } if words == ["--listen"]));
    assert!(settings.unknown.is_empty());
}

#[test]
fn keys_that_nobody_knows_are_reported() {
    let config = file("test_listen = \"x\"\nlisten = \"y\"\n[other]\nthing = 1\n");
    assert_eq!(up(&[], config.path(), &[]).1.unknown, ["listen", "other_thing"]);
}

#[test]
fn what_is_wrong_with_the_file_is_said_with_its_name() {
    let missing = parse_words(&["--config", "/nowhere/settings.toml", "up"], &[]).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/settings.toml") && missing.contains("No such file"), "{missing}");
    for (text, part) in
        [("test_count = \"many\"", "--count"), ("test_listen", "expected"), ("test_listen = [[]]", "list")]
    {
        let config = file(text);
        let path = config.path().to_str().unwrap();
        let error = parse_words(&["--config", path, "up"], &[]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(path) && text.contains(part), "{text}");
    }
}

#[test]
fn help_is_no_failure_and_a_wrong_flag_is_wrong_usage() {
    assert_eq!(parse_words(&["--help"], &[]).unwrap_err().report(), 0);
    assert_eq!(parse_words(&["up", "--nonsense"], &[]).unwrap_err().report(), 2);
}
