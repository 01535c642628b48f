//! Where traces go, and how many.

use std::env;
use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// What is put behind a collector's address (OTLP over HTTP).
const TRACES: &str = "v1/traces";

/// The address of a collector that speaks OTLP over HTTP, like `http://collector:4318`.
#[derive(Clone, PartialEq, Eq)]
pub struct OtlpEndpoint(Url);

/// A text is no address of a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the http:// or https:// address of a collector that speaks OTLP over HTTP, like http://host:4318")]
pub struct BadEndpoint;

impl OtlpEndpoint {
    /// The one that OpenTelemetry's own variables name: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` as it is, or
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`; none when `OTEL_SDK_DISABLED` is `true`. One that cannot be read is no endpoint.
    pub(crate) fn from_standard_variables() -> Option<Self> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
            return None;
        }
        match variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
            Some(exact) => parse(&exact).ok().map(Self),
            None => variable("OTEL_EXPORTER_OTLP_ENDPOINT")?.parse().ok(),
        }
    }

    /// Where spans are posted to.
    pub(super) fn traces(&self) -> &str {
        self.0.as_str()
    }

    /// The address as it may be shown.
    pub(super) fn shown(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

fn parse(text: &str) -> Result<Url, BadEndpoint> {
    let url = Url::parse(text.trim()).map_err(|_| BadEndpoint)?;
    let good = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    if good { Ok(url) } else { Err(BadEndpoint) }
}

impl FromStr for OtlpEndpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        let mut url = parse(text)?;
        if !url.path().trim_end_matches('/').ends_with(TRACES) {
            let path = format!("{}/{TRACES}", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        Ok(Self(url))
    }
}

impl fmt::Debug for OtlpEndpoint {
    /// Without a user and password, if it has any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OtlpEndpoint({})", self.shown())
    }
}

/// A part of a whole: from 0 to 1, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio(u32);

/// A text is no part of a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from 0 (nothing) to 1 (everything), like 0.1")]
pub struct BadRatio;

impl Ratio {
    /// Everything.
    pub const ALL: Self = Self(1_000_000);

    /// The number.
    pub fn get(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

impl FromStr for Ratio {
    type Err = BadRatio;

    fn from_str(text: &str) -> Result<Self, BadRatio> {
        let number: f64 = text.trim().parse().map_err(|_| BadRatio)?;
        if !(0.0..=1.0).contains(&number) {
            return Err(BadRatio);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a million")]
        Ok(Self((number * 1e6).round() as u32))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_collectors_address_with_or_without_the_path() {
        for text in ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces"] {
            assert_eq!(text.parse::<OtlpEndpoint>().unwrap().traces(), "http://c:4318/v1/traces");
        }
        assert_eq!("https://c/otlp/".parse::<OtlpEndpoint>().unwrap().traces(), "https://c/otlp/v1/traces");
        for text in ["", "c:4318", "grpc://c:4317", "http://"] {
            assert_eq!(text.parse::<OtlpEndpoint>(), Err(BadEndpoint), "{text}");
        }
        let secret: OtlpEndpoint = "https://user:pass@c:1/".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "OtlpEndpoint(c:1)");
    }

    #[test]
    fn a_ratio_is_from_nothing_to_everything() {
        assert_eq!("1".parse(), Ok(Ratio::ALL));
        assert_eq!("0.25".parse::<Ratio>().unwrap().to_string(), "0.25");
        for text in ["-0.1", "1.1", "NaN", "half", ""] {
            assert_eq!(text.parse::<Ratio>(), Err(BadRatio), "{text}");
        }
    }
}
