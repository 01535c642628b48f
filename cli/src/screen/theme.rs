//! Colours. Sixteen are enough, and none is needed: what a colour says, a sign or a word says too.

use std::collections::BTreeMap;

use chatapp_types::UserId;
use ratatui::style::{Color, Modifier, Style};

/// What is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Text,
    Dim,
    Time,
    Event,
    Day,
    Unread,
    Mention,
    Link,
    Error,
    Warning,
    Selected,
    Current,
    Counted,
    Named,
    Header,
    Status,
    Key,
}

/// Each part with its name in the settings.
const NAMES: [(&str, Part); 17] = [
    ("text", Part::Text),
    ("dim", Part::Dim),
    ("time", Part::Time),
    ("event", Part::Event),
    ("day", Part::Day),
    ("unread", Part::Unread),
    ("mention", Part::Mention),
    ("link", Part::Link),
    ("error", Part::Error),
    ("warning", Part::Warning),
    ("selected", Part::Selected),
    ("current", Part::Current),
    ("counted", Part::Counted),
    ("named", Part::Named),
    ("header", Part::Header),
    ("status", Part::Status),
    ("key", Part::Key),
];

/// A set of colours.
#[derive(Clone, Debug)]
pub(crate) struct Theme {
    styles: BTreeMap<Part, Style>,
    authors: Vec<Color>,
}

impl Theme {
    /// The names of the themes.
    pub(super) const NAMES: [&'static str; 3] = ["dark", "light", "plain"];

    /// A theme by its name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "dark" => Some(Self::dark()),
            "light" => Some(Self::light()),
            "plain" => Some(Self::plain()),
            _ => None,
        }
    }

    fn dark() -> Self {
        let styles = Self::shapes(Color::DarkGray, Color::Cyan, Color::LightRed, Color::Yellow, Color::LightBlue);
        let authors = vec![
            Color::LightCyan,
            Color::LightGreen,
            Color::LightYellow,
            Color::LightMagenta,
            Color::LightBlue,
            Color::Cyan,
            Color::Green,
            Color::Yellow,
            Color::Magenta,
        ];
        Self { styles, authors }
    }

    fn light() -> Self {
        let styles = Self::shapes(Color::DarkGray, Color::Blue, Color::Red, Color::Magenta, Color::Blue);
        let authors = vec![Color::Blue, Color::Magenta, Color::Red, Color::Green, Color::Cyan, Color::Black];
        Self { styles, authors }
    }

    /// The parts of a theme by the few colours it is made of.
    fn shapes(dim: Color, accent: Color, error: Color, mark: Color, link: Color) -> BTreeMap<Part, Style> {
        let s = Style::new;
        BTreeMap::from([
            (Part::Dim, s().fg(dim)),
            (Part::Time, s().fg(dim)),
            (Part::Event, s().fg(dim).add_modifier(Modifier::ITALIC)),
            (Part::Day, s().fg(dim)),
            (Part::Unread, s().fg(error)),
            (Part::Mention, s().fg(mark).add_modifier(Modifier::BOLD)),
            (Part::Link, s().fg(link).add_modifier(Modifier::UNDERLINED)),
            (Part::Error, s().fg(error)),
            (Part::Warning, s().fg(mark)),
            (Part::Selected, s().add_modifier(Modifier::REVERSED)),
            (Part::Current, s().add_modifier(Modifier::REVERSED)),
            (Part::Counted, s().add_modifier(Modifier::BOLD)),
            (Part::Named, s().fg(mark).add_modifier(Modifier::BOLD)),
            (Part::Header, s().add_modifier(Modifier::BOLD)),
            (Part::Status, s().fg(dim)),
            (Part::Key, s().fg(accent).add_modifier(Modifier::BOLD)),
        ])
    }

    /// No colours: for `NO_COLOR`.
    fn plain() -> Self {
        let mut styles = Self::shapes(Color::Reset, Color::Reset, Color::Reset, Color::Reset, Color::Reset);
        for style in styles.values_mut() {
            style.fg = None;
        }
        for part in [Part::Dim, Part::Time, Part::Day, Part::Status] {
            styles.insert(part, Style::new().add_modifier(Modifier::DIM));
        }
        styles.insert(Part::Error, Style::new().add_modifier(Modifier::BOLD));
        Self { styles, authors: Vec::new() }
    }

    /// Puts a person's own colours in place of the theme's; an error names what is not known.
    pub(super) fn with(mut self, parts: &BTreeMap<String, String>, authors: &[String]) -> Result<Self, String> {
        let color = |text: &str| text.parse::<Color>().map_err(|_| format!("{text:?} is no colour"));
        for (name, text) in parts {
            let found = NAMES.iter().find(|(n, _)| n == name).map(|(_, part)| *part);
            let part = found.ok_or_else(|| format!("nothing that is called {name:?} is coloured"))?;
            let style = self.styles.entry(part).or_default();
            *style = style.fg(color(text)?);
        }
        if !authors.is_empty() {
            self.authors = authors.iter().map(|text| color(text)).collect::<Result<_, _>>()?;
        }
        Ok(self)
    }

    /// How a part looks.
    pub(super) fn style(&self, part: Part) -> Style {
        self.styles.get(&part).copied().unwrap_or_default()
    }

    /// How an author's name looks: the same everywhere and always.
    pub(super) fn author(&self, id: UserId) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        if self.authors.is_empty() {
            return bold;
        }
        // FNV-1a over the id: stable across runs and machines, unlike the standard library's hash.
        let hash = id
            .as_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
        let at = usize::try_from(hash >> 33).unwrap_or(0) % self.authors.len();
        bold.fg(self.authors[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_has_one_colour_everywhere() {
        let id: UserId = "0193a5b0-0000-7000-8000-000000000003".parse().expect("an id");
        let dark = Theme::dark();
        assert_eq!(dark.author(id), dark.clone().author(id));
        assert_eq!(Theme::plain().author(id).fg, None);
    }

    #[test]
    fn without_colour_no_part_has_one() {
        let plain = Theme::plain();
        assert!(NAMES.iter().all(|(_, part)| plain.style(*part).fg.is_none_or(|c| c == Color::Reset)));
    }

    #[test]
    fn a_mistyped_colour_is_named() {
        let own = |k: &str, v: &str| BTreeMap::from([(k.to_owned(), v.to_owned())]);
        assert!(Theme::dark().with(&own("mention", "green"), &[]).is_ok());
        assert!(Theme::dark().with(&own("mentions", "green"), &[]).is_err_and(|e| e.contains("mentions")));
        assert!(Theme::dark().with(&own("mention", "gren"), &[]).is_err_and(|e| e.contains("gren")));
    }

    #[test]
    fn every_theme_is_found_by_its_name() {
        assert!(Theme::NAMES.iter().all(|name| Theme::named(name).is_some()));
    }
}
