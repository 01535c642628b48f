//! What the platform is deployed with: manifests, compose files, alert rules.
//!
//! Everything is held against the schemas of those who read it, and against one another: a port, a setting or a key of a
//! secret that one file names must be there in the other. No cluster is needed.

mod compose;
mod custom;
mod network;
mod object;
mod security;
mod settings;
#[cfg(test)]
mod tests;
mod tools;
mod wiring;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::report::Report;
use object::Object;

const OVERLAYS: [&str; 2] = ["dev", "production"];
/// Where what is built of an overlay is written.
const OUT: &str = "target/qa/k8s";
/// The oldest version of Kubernetes that the manifests are for; the newest is what the validator knows.
const OLDEST: &str = "1.31";
const PROMETHEUS: &str = "deploy/observability/prometheus";
const RUNBOOK: &str = "deploy/README.md";

/// Checks all of it.
pub(crate) fn check(report: &mut Report) -> Result<()> {
    let mut faults = compose::faults()?;
    for file in compose::FILES {
        faults.extend(settings::unknown(&settings::of_compose(file)?)?);
    }
    for overlay in OVERLAYS {
        let Some(built) = build(overlay)? else {
            report.skip("no kustomize of version 5 is here (kubectl has it), so the manifests are NOT checked");
            break;
        };
        faults.extend(of_overlay(&built)?.into_iter().map(|fault| format!("{overlay}: {fault}")));
        schemas(overlay, &built, report)?;
    }
    if !faults.is_empty() {
        bail!("\n  {}", faults.join("\n  "));
    }
    compose_schemas(report)?;
    rules(report)
}

/// The objects of an overlay, and their YAML.
struct Built {
    text: String,
    objects: Vec<Object>,
}

fn build(overlay: &str) -> Result<Option<Built>> {
    let folder = format!("deploy/k8s/overlays/{overlay}");
    let Some([program, word]) = tools::kustomize() else { return Ok(None) };
    println!("$ {program} {word} {folder}");
    let text = process::output(program, &[word, &folder])?;
    let objects = object::read(&text).with_context(|| folder)?;
    Ok(Some(Built { text, objects }))
}

fn of_overlay(built: &Built) -> Result<Vec<String>> {
    let objects = &built.objects;
    println!("{} objects", objects.len());
    let security = objects.iter().flat_map(security::faults);
    let mut faults: Vec<String> = security.chain(wiring::faults(objects)).chain(network::faults(objects)).collect();
    faults.extend(wiring::missing_keys(objects));
    faults.extend(undescribed(objects)?);
    faults.extend(custom::faults(objects)?);
    faults.extend(settings::unknown(&settings::of_objects(objects))?);
    Ok(faults)
}

/// Secrets that somebody has to make, and that the runbook does not name with their keys.
fn undescribed(objects: &[Object]) -> Result<Vec<String>> {
    let runbook = fs::read_to_string(RUNBOOK).with_context(|| format!("reading {RUNBOOK}"))?;
    let described =
        |name: &str, key: &str| runbook.lines().any(|line| line.contains(name) && line.contains(&format!("{key}=")));
    let made = |name: &String| objects.iter().any(|one| one.kind() == "Secret" && one.name() == name);
    let wanted = wiring::secret_keys(objects).into_iter().filter(|(name, _)| !made(name));
    let missing = wanted.flat_map(|(name, keys)| {
        let lacking: Vec<String> = keys.into_iter().filter(|key| !described(&name, key)).collect();
        lacking.into_iter().map(move |key| format!("{RUNBOOK} does not say how Secret {name} gets {key}"))
    });
    Ok(missing.collect())
}

/// Holds an overlay against Kubernetes' own schemas.
fn schemas(overlay: &str, built: &Built, report: &mut Report) -> Result<()> {
    let Some(validator) = tools::KUBERNETES_VALIDATE.ensure() else {
        report.skip("kubernetes-validate cannot be installed here, so the manifests are NOT held against the schemas");
        return Ok(());
    };
    let exempt: Vec<String> =
        built.objects.iter().filter(|one| custom::GROUPS.contains(&one.group())).map(Object::title).collect();
    if !exempt.is_empty() {
        println!("held against our own rules alone, for Kubernetes has no schema of them: {}", exempt.join(", "));
    }
    let ours = built.text.split("\n---\n").filter(|one| !custom::GROUPS.iter().any(|group| one.contains(group)));
    let file = format!("{OUT}/{overlay}.yaml");
    fs::create_dir_all(OUT).with_context(|| format!("making {OUT}"))?;
    fs::write(&file, ours.collect::<Vec<_>>().join("\n---\n")).with_context(|| format!("writing {file}"))?;
    process::run(&validator, &["--strict", "--quiet", &file])?;
    process::run(&validator, &["--strict", "--quiet", "--kubernetes-version", OLDEST, &file])
}

fn compose_schemas(report: &mut Report) -> Result<()> {
    let Some(validator) = tools::CHECK_JSONSCHEMA.ensure() else {
        report.skip("check-jsonschema cannot be installed here, so the compose files are NOT held against the schema");
        return Ok(());
    };
    let files = [&compose::FILES[..], &[compose::OBSERVABILITY]].concat();
    process::run(&validator, &[&["--builtin-schema", "vendor.compose-spec"][..], &files].concat())
}

/// Has Prometheus read its settings and rules, and try the rules.
fn rules(report: &mut Report) -> Result<()> {
    let Some(promtool) = tools::promtool() else {
        report.skip("promtool is not to be had here, so the alert rules are NOT tried");
        return Ok(());
    };
    process::run(&promtool, &["check", "config", &format!("{PROMETHEUS}/prometheus.yml")])?;
    process::run(&promtool, &["test", "rules", &format!("{PROMETHEUS}/rules.test.yml")])
}
