//! Whether every setting that a manifest or a compose file gives is one that the program knows.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::object::{Object, text};
use super::wiring::{pods, settings};
use crate::process;

/// What each image runs, by the last part of its name.
const PROGRAMS: [(&str, &str); 6] = [
    ("auth", "chatapp-auth"),
    ("rooms", "chatapp-rooms"),
    ("messages", "chatapp-messages"),
    ("gateway", "chatapp-gateway"),
    ("chatapp", "chatapp init"),
    ("cli", "chat"),
];

/// What is set for one program.
#[derive(Debug)]
pub(crate) struct Given {
    /// Where it is set.
    pub(crate) place: String,
    /// The image.
    pub(crate) image: String,
    /// The names of the variables.
    pub(crate) names: BTreeSet<String>,
}

/// What Kubernetes objects set.
pub(crate) fn of_objects(objects: &[Object]) -> Vec<Given> {
    let given = pods(objects).flat_map(|(object, pod)| {
        let names: BTreeSet<String> = settings(pod, objects).into_keys().collect();
        pod.containers().map(move |container| Given {
            place: object.title(),
            image: text(container, "/image").to_owned(),
            names: names.clone(),
        })
    });
    given.collect()
}

/// What the services of a compose file set.
pub(crate) fn of_compose(file: &str) -> Result<Vec<Given>> {
    let compose = super::compose::read(file)?;
    let services = compose["services"].as_object().into_iter().flatten();
    let given = services.map(|(name, service)| Given {
        place: format!("{file}: {name}"),
        image: text(service, "/image").to_owned(),
        names: service["environment"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect(),
    });
    Ok(given.collect())
}

/// Settings that the program of their image does not know, and images of ours that nobody builds.
pub(crate) fn unknown(given: &[Given]) -> Result<Vec<String>> {
    let mut faults = vec![];
    for Given { place, image, names } in given.iter().filter(|given| is_ours(&given.image)) {
        let Some(program) = program_of(image) else {
            faults.push(format!("{place}: nothing builds the image {image}"));
            continue;
        };
        let known = known(program)?;
        let ours = names.iter().filter(|name| name.starts_with("CHATAPP_") || name.starts_with("CHAT_"));
        let unknown = ours.filter(|name| !known.contains(*name));
        faults.extend(unknown.map(|name| format!("{place}: {program} does not know {name}")));
    }
    Ok(faults)
}

/// Compose files name images by variables, like `${CHATAPP_IMAGES:-chatapp}/auth:…`.
fn is_ours(image: &str) -> bool {
    image.starts_with("chatapp/") || image.contains("/chatapp/") || image.contains("CHATAPP_IMAGES")
}

/// The program in an image of ours.
fn program_of(image: &str) -> Option<&'static str> {
    let name = image.rsplit_once('/').map_or(image, |(_, name)| name);
    let name = name.split(':').next().unwrap_or_default();
    PROGRAMS.into_iter().find(|(image, _)| *image == name).map(|(_, program)| program)
}

/// The variables that a program's help names.
fn known(program: &str) -> Result<BTreeSet<String>> {
    let mut words = program.split(' ');
    // Beside this program, which was built with them.
    let this = std::env::current_exe().context("where is this program?")?;
    let path: PathBuf = this.with_file_name(words.next().unwrap_or_default());
    let arguments: Vec<&str> = words.chain(["--help"]).collect();
    let help = process::output(&path.display().to_string(), &arguments)?;
    let named = help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap_or_default().to_owned());
    Ok(named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_ours_is_known_by_its_name() {
        assert_eq!(program_of("registry.example.com/chatapp/auth:0.1.0"), Some("chatapp-auth"));
        assert_eq!(program_of("${CHATAPP_IMAGES:-chatapp}/gateway:${CHATAPP_VERSION:-local}"), Some("chatapp-gateway"));
        assert!(is_ours("${CHATAPP_IMAGES:-chatapp}/gateway:${CHATAPP_VERSION:-local}") && is_ours("chatapp/auth"));
        assert!(!is_ours("nats:2.11-alpine") && !is_ours("example.com/auth:1"));
        assert_eq!(program_of("chatapp/aut:1"), None);
    }
}
